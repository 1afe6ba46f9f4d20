"""Pictures: what is drawn, and what is refused. Needs matplotlib, which the package does not."""
import json
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

from lipt import Error, plot  # noqa: E402


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def ingredient(number, alone, alpha, after, kept):
    return {"ingredient": number, "score_alone": alone, "alpha": alpha, "before": 0.0, "after": after, "kept": kept,
            "reason": ""}


SOUP = SimpleNamespace(ingredients=[ingredient(2, 0.5, 1.0, 0.5, True), ingredient(0, 0.4, 0.25, 0.6, True),
                                    ingredient(1, 0.3, 0.5, 0.55, False)],
                       trials=[(0, 0.25, 0.6), (1, 1.0, 0.3)])
SOUP_FILE = {"theta_star_accuracy": 0.45, "ingredients": [
    {"worker": one["ingredient"], "accuracy": one["score_alone"], "alpha": one["alpha"], "after": one["after"],
     "kept": one["kept"]} for one in SOUP.ingredients]}


def points(ax, marker, fill=None):
    return [(line.get_xdata()[0], line.get_ydata()[0]) for line in ax.lines
            if line.get_marker() == marker and len(line.get_xdata()) and (fill is None or line.get_mfc() == fill)]


@pytest.mark.parametrize("given", [SOUP, SOUP_FILE, SimpleNamespace(soup=SOUP, start_score=0.45)])
def test_the_soup_shows_who_joined_and_at_which_score(given):
    ax = plot.soup(given)
    assert points(ax, "o", "none") == [(1, 0.5), (2, 0.4), (3, 0.3)]
    assert points(ax, "o", "tab:blue") == [(1, 0.5), (2, 0.6)] and points(ax, "x") == [(3, 0.55)]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2", "0", "1"]
    assert [text.get_text() for text in ax.texts] == ["0.25"]
    steps = [line.get_ydata() for line in ax.lines if len(line.get_xdata()) == 3]
    assert [step[-1] for step in steps] == [0.5, 0.6, 0.6]
    assert len(points(ax, ".")) == (0 if given is SOUP_FILE else 1)


def test_an_axis_of_ones_own_is_drawn_into():
    _, ax = pyplot.subplots()
    assert plot.soup(SOUP, ax=ax) is ax and ax.lines


def test_what_has_no_soup_is_refused():
    for given in ({}, SimpleNamespace(ingredients=[]), 5):
        with pytest.raises(Error, match="LIPT-Y52"):
            plot.soup(given)


@pytest.fixture
def run(tmp_path):
    def make(name, accuracy, forward):
        folder = tmp_path / str(forward)
        folder.mkdir()
        (folder / "config.json").write_text("{}")
        stages = [{"name": stage, "wall_s": 2.0, "forward": forward, "backward": forward}
                  for stage in ("initialize", "local", "merge", "features", "select", "train")]
        result = {"version": 1, "name": name, "accuracy": {"final": accuracy}, "stages": stages}
        (folder / "result.json").write_text(json.dumps(result))
        (folder / "soup.json").write_text(json.dumps(SOUP_FILE))
        return folder
    return make


def test_costs_are_those_before_the_selection_and_those_of_all_stages(run):
    folders = [run("A", 0.5, 100), run("A", 0.6, 200), run("B", 0.7, 300)]
    before, total = plot.costs(folders)
    assert [list(line.get_xdata()) for line in before.lines] == [[600, 1200], [1800]]
    assert [list(line.get_xdata()) for line in total.lines] == [[1200, 2400], [3600]]
    assert [list(line.get_ydata()) for line in total.lines] == [[50, 60], [70]]
    assert [line.get_label() for line in total.lines] == ["A", "B"]
    before, total = plot.costs(folders[0], unit="seconds")
    assert list(before.lines[0].get_xdata()) == [6] and list(total.lines[0].get_xdata()) == [12]
    assert len(plot.soup(folders[0]).texts) == 1


def test_runs_without_a_result_and_other_units_are_refused(run):
    folder = run("A", 0.5, 1)
    with pytest.raises(Error, match="LIPT-Y53.*unit"):
        plot.costs(folder, unit="hours")
    with pytest.raises(Error, match="LIPT-Y53.*axes"):
        plot.costs(folder, axes=[pyplot.subplots()[1]])
    (folder / "result.json").unlink()
    with pytest.raises(Error, match="LIPT-Y53.*result"):
        plot.costs(folder)


def test_picks_are_drawn_on_the_two_principal_axes(tmp_path):
    draw = np.random.default_rng(0)
    plane = draw.normal(size=(400, 2)) * [5, 2]
    plane -= plane.mean(0)
    turn, _ = np.linalg.qr(draw.normal(size=(6, 6)))
    embeddings = (np.hstack([plane, draw.normal(size=(400, 4)) * 0.01]) @ turn + 100).astype(np.float32)
    labels = np.arange(400) % 3
    ax = plot.picks(SimpleNamespace(indices=np.array([7, 3, 11])), embeddings, labels, most=100)
    rest, kept = (scatter.get_offsets() for scatter in ax.collections)
    assert len(rest) == 100 and len(kept) == 3
    correlation = np.abs(np.corrcoef(np.array(kept).T, plane[[3, 7, 11]].T)[:2, 2:])
    assert correlation[0, 0] > 0.99 and correlation[1, 1] > 0.99
    assert np.ptp(np.array(kept)[:, 0]) == pytest.approx(np.ptp(plane[[3, 7, 11], 0]), rel=0.1)
    colours = ax.collections[1].get_facecolors()
    assert (colours[0] != colours[1]).any()  # classes 0 and 1
    np.save(tmp_path / "e.npy", embeddings)
    again = plot.picks([7, 3, 11], tmp_path / "e.npy", labels, most=100)
    np.testing.assert_allclose(again.collections[1].get_offsets(), kept)
    assert "100%" in ax.get_xlabel() or "8" in ax.get_xlabel()


def test_picks_that_do_not_fit_are_refused():
    embeddings = np.zeros((5, 3))
    for arguments in (([5], embeddings), ([-1], embeddings), ([0], embeddings[0]), ([0], embeddings, [1, 2])):
        with pytest.raises(Error, match="LIPT-Y54"):
            plot.picks(*arguments)
    assert plot.picks([0], np.zeros((5, 1))).collections  # one axis alone, all equal


@pytest.mark.parametrize("images", [np.zeros((30, 8, 9), np.uint8), np.zeros((30, 3, 8, 9), np.float32),
                                    np.zeros((30, 8, 9, 3), np.uint8), [(np.zeros((1, 8, 9)) - 3, 0)] * 30])
def test_a_contact_sheet_has_what_was_kept_above_what_was_dropped(images):
    figure = plot.contact_sheet(images, SimpleNamespace(indices=np.arange(5, 25)), count=12, columns=5)
    kept, dropped = figure.subfigs
    names = [[int(ax.get_title()) for ax in part.axes] for part in (kept, dropped)]
    assert len(names[0]) == 12 and set(names[0]) <= set(range(5, 25))
    assert names[1] == [0, 1, 2, 3, 4, 25, 26, 27, 28, 29]
    assert kept.axes[0].images[0].get_array().shape[:2] == (8, 9)
    assert kept._suptitle.get_text() == "kept: 12 of 20" and dropped._suptitle.get_text() == "dropped: 10 of 10"
    figure.canvas.draw()


def test_samples_that_are_no_images_are_refused():
    for images in (np.zeros((5, 3)), np.zeros((5, 2, 4, 7)), ["a"] * 5):
        with pytest.raises(Error, match="LIPT-Y55.*sample"):
            plot.contact_sheet(images, [1])
    with pytest.raises(Error, match="LIPT-Y54"):
        plot.contact_sheet(np.zeros((5, 4, 4)), [5])
