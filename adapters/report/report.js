// Draws the charts in the page's own colours, again whenever those change.
(() => {
  'use strict';
  const data = JSON.parse(document.getElementById('chart-data').textContent);
  const root = document.documentElement;
  let charts = [];

  const colour = (name) => getComputedStyle(root).getPropertyValue('--' + name).trim();
  const series = (index) => {
    const all = colour('series').split(',');
    return all[index % all.length].trim();
  };
  // A second seed, and a ninth run, differ by their dashes.
  const dashes = [[], [6, 4], [2, 3], [10, 4, 2, 4]];
  const shown = (value) => value.toFixed(1);

  // Writes each bar's value behind it.
  const values = {
    id: 'values',
    afterDatasetsDraw(chart) {
      const { ctx } = chart;
      ctx.save();
      ctx.fillStyle = colour('text');
      ctx.font = '600 12px ' + Chart.defaults.font.family;
      ctx.textBaseline = 'middle';
      const last = chart.data.datasets.length - 1;
      chart.getDatasetMeta(last).data.forEach((bar, i) => {
        const all = chart.data.datasets.map((set) => set.data[i]);
        if (all.some((value) => value === null)) return;
        ctx.fillText(shown(all.reduce((a, b) => a + b, 0)), bar.x + 6, bar.y);
      });
      ctx.restore();
    },
  };

  const draw = (name, config) => {
    const canvas = document.getElementById('chart-' + name);
    if (canvas) charts.push(new Chart(canvas, config));
  };
  const grid = () => ({ color: colour('line'), drawBorder: false });
  const legend = { position: 'bottom', align: 'start', labels: { usePointStyle: true, boxWidth: 8, boxHeight: 8, padding: 16 } };
  const percentTip = { callbacks: { label: (item) => ` ${item.dataset.label}: ${shown(item.parsed.y)}%` } };
  const bars = (plugins) => ({
    indexAxis: 'y', layout: { padding: { right: 44 } }, plugins,
    scales: {
      x: { beginAtZero: true, stacked: true, grid: grid() },
      y: { stacked: true, grid: { display: false }, ticks: { color: colour('text') } },
    },
  });

  const accuracy = ({ labels, values: shares }) => draw('accuracy', {
    type: 'bar', plugins: [values], options: bars({ legend: { display: false } }),
    data: { labels, datasets: [{ label: 'final accuracy, %', data: shares, backgroundColor: labels.map((_, i) => series(i)), borderRadius: 4, maxBarThickness: 30 }] },
  });

  const cost = ({ labels, parts }) => draw('cost', {
    type: 'bar', plugins: [values], options: bars({ legend: { ...legend, position: 'bottom' } }),
    data: { labels, datasets: parts.map((part, i) => ({
      label: part.label, data: part.values, backgroundColor: colour(['pretraining', 'selection', 'training'][i]), maxBarThickness: 30, pointStyle: 'rectRounded',
    })) },
  });

  const curves = (lines) => draw('curves', {
    type: 'line',
    data: { datasets: lines.map((line, i) => {
      const seed = lines.slice(0, i).filter((other) => other.row === line.row).length;
      return {
        label: line.label, data: line.points, borderColor: series(line.row), backgroundColor: series(line.row),
        borderDash: dashes[(seed + Math.floor(line.row / 8)) % dashes.length], borderWidth: 2, tension: .25, pointStyle: 'circle',
        pointRadius: line.points.length > 40 ? 0 : 2.5, pointHoverRadius: 5,
      };
    }) },
    options: {
      interaction: { mode: 'nearest', axis: 'x', intersect: false },
      plugins: { legend, tooltip: percentTip },
      scales: { x: { type: 'linear', title: { display: true, text: 'epoch' }, grid: { display: false }, ticks: { precision: 0 } }, y: { grid: grid() } },
    },
  });

  const soup = ({ labels, alone, kept, soup: merged, start }) => {
    const verdict = kept.map((yes) => colour(yes ? 'good' : 'muted'));
    const datasets = [
      { label: 'soup', data: merged, borderColor: colour('accent'), backgroundColor: colour('accent'), stepped: 'middle', borderWidth: 2.5, pointRadius: 0, pointStyle: 'line' },
      { label: 'worker alone, kept', data: alone.map((value, i) => (kept[i] ? value : null)), showLine: false, pointStyle: 'circle', pointRadius: 6, backgroundColor: colour('good'), borderColor: colour('good') },
      { label: 'worker alone, refused', data: alone.map((value, i) => (kept[i] ? null : value)), showLine: false, pointStyle: 'crossRot', pointRadius: 6, borderWidth: 2.5, backgroundColor: colour('muted'), borderColor: verdict.find((_, i) => !kept[i]) || colour('muted') },
    ];
    if (start !== null) datasets.push({ label: 'common start', data: labels.map(() => start), borderColor: colour('muted'), backgroundColor: colour('muted'), borderDash: [4, 4], borderWidth: 1.5, pointRadius: 0, pointStyle: 'line' });
    draw('soup', {
      type: 'line', data: { labels, datasets },
      options: {
        interaction: { mode: 'index', intersect: false }, plugins: { legend, tooltip: percentTip },
        scales: { x: { offset: true, grid: { display: false } }, y: { grace: '5%', grid: grid() } },
      },
    });
  };

  const classes = ({ labels, kept, available }) => {
    const set = (label, numbers, name) => ({ label, data: numbers, backgroundColor: colour(name), grouped: false, borderRadius: 3, maxBarThickness: 46, pointStyle: 'rectRounded' });
    const datasets = [set('kept', kept, 'accent')];
    if (available) datasets.push(set('available', available, 'available'));
    draw('classes', {
      type: 'bar', data: { labels, datasets },
      options: { interaction: { mode: 'index', intersect: false }, plugins: { legend }, scales: { x: { grid: { display: false } }, y: { beginAtZero: true, grid: grid() } } },
    });
  };

  const drawAll = () => {
    charts.forEach((chart) => chart.destroy());
    charts = [];
    Object.assign(Chart.defaults, { animation: false, maintainAspectRatio: false, color: colour('muted'), borderColor: colour('line') });
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    const painters = { accuracy, cost, curves, soup, classes };
    Object.keys(painters).forEach((name) => { if (data[name]) painters[name](data[name]); });
  };

  drawAll();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
  // Paper is white, whatever the screen is.
  addEventListener('beforeprint', () => { root.dataset.paper = ''; drawAll(); });
  addEventListener('afterprint', () => { delete root.dataset.paper; drawAll(); });
})();
