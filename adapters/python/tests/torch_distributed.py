"""InfoBatch over several processes: all know the losses of all, and draw the same epochs."""
import warnings

import numpy as np
import torch
import torch.distributed
import torch.multiprocessing

from lipt.torch import RS2, InfoBatch


def train(rank, folder):
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    sampler = InfoBatch(101, epochs=10, seed=0, num_replicas=2, rank=rank)
    epochs = []
    for _ in range(3):
        epochs.append(list(sampler))
        for batch in np.array_split(epochs[-1], 3):
            sampler.update(torch.as_tensor(batch), torch.as_tensor(batch / 100))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        iter(RS2(10, fraction=0.5))
        iter(RS2(10, fraction=0.5, num_replicas=1))
    torch.save((epochs, [str(one.message) for one in caught]), f"{folder}/{rank}.pt")
    # Together to the end: one that finds the other gone is aborted.
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def test_ranks_draw_parts_of_the_same_epochs(tmp_path):
    torch.multiprocessing.spawn(train, (str(tmp_path),), nprocs=2)
    (first, said), (second, _) = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    assert [len(epoch) for epoch in first] == [len(epoch) for epoch in second]
    alone = InfoBatch(101, epochs=10, seed=0)
    for mine, theirs in zip(first, second):
        whole = list(alone)
        together = [index for pair in zip(mine, theirs) for index in pair]
        assert together[:len(whole)] == whole and len(together) - len(whole) in (0, 1)
        alone.update(whole, np.array(whole) / 100)
    assert len(first[1]) < 51  # some were left out
    assert len(said) == 1 and "num_replicas" in said[0]
