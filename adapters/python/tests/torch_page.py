"""The code of torch.md, block by block."""
import re
from pathlib import Path

import torch
from torch.utils.data import TensorDataset

PAGE = Path(__file__).parent.parent / "torch.md"


def test_the_code_of_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    labels = torch.arange(400) % 4
    inputs = torch.randn(400, 6) + 2 * torch.eye(4, 6)[labels]
    model = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU(), torch.nn.Linear(8, 4))
    known = {"torch": torch, "model": model, "dataset": TensorDataset(inputs, labels), "labels": labels.numpy()}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        exec(compile(block, PAGE.name, "exec"), known)
    assert len(known["kept"].indices) == len(known["hardest"].indices) == 40
    assert known["result"].score > 0.5 and (tmp_path / "start.safetensors").is_file()
    assert torch.equal(known["same"].linear.weight, known["network"].linear.weight)
