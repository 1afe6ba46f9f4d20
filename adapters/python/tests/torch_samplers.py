"""RS2, InfoBatch and Subset: lengths, epochs, resumption, parts of several processes, weights."""
import collections
import copy
import pickle

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, DistributedSampler

import lipt
from lipt import Error
from lipt.torch import RS2, InfoBatch, Subset


class Picks:
    """What `lipt.select` returns, as far as a sampler reads it."""

    def __init__(self, indices, weights=None):
        self.indices, self.weights = np.array(indices), None if weights is None else np.array(weights, np.float32)


def rs2(**changed):
    return RS2(100, **{"fraction": 0.1, "seed": 0, **changed})


def trained(samples=1000, **changed):
    made = InfoBatch(samples, **{"ratio": 0.5, "epochs": 10, "seed": 0, **changed})
    made.update(np.arange(samples), np.arange(samples) / samples)
    return made


EVERY = [rs2, lambda: InfoBatch(100, epochs=3, seed=0), lambda: Subset(Picks(range(3, 90, 4)))]


def test_ten_epochs_of_a_tenth_are_all_samples():
    sampler = rs2()
    epochs = [list(sampler) for _ in range(10)]
    assert [len(epoch) for epoch in epochs] == [10] * 10
    assert sorted(sum(epochs, [])) == list(range(100))


def test_an_epoch_is_what_select_picks_in_another_order():
    picked = lipt.select(method="rs2", labels=np.zeros(100, int), fraction=0.1, seed=0, epoch=4).indices.tolist()
    sampler = rs2()
    sampler.set_epoch(4)
    epoch = list(sampler)
    assert sorted(epoch) == sorted(picked) and epoch != picked


def test_an_epoch_does_not_go_class_by_class():
    labels = np.repeat([0, 1], 500)
    classes = labels[list(RS2(labels=labels, fraction=0.2, seed=1))]
    assert classes.sum() == 100
    assert (classes[1:] != classes[:-1]).sum() > 70  # one change where they came one after the other


def test_a_small_class_is_drawn_as_often_as_its_size_says():
    sampler = RS2(labels=torch.tensor([0] * 97 + [1] * 3), fraction=0.1, seed=0)
    drawn = collections.Counter(index for _ in range(100) for index in sampler)
    assert all(5 <= drawn[index] <= 16 for index in (97, 98, 99))


@pytest.mark.parametrize("make", EVERY)
def test_set_epoch_goes_back_and_a_new_sampler_begins_alike(make):
    sampler = make()
    first = [list(sampler) for _ in range(3)]
    assert first[0] != first[1] and first[1] != first[2]
    sampler.set_epoch(1)
    assert list(sampler) == first[1] and list(sampler) == first[2] and list(make()) == first[0]


@pytest.mark.parametrize("make", EVERY)
def test_an_epoch_that_was_left_early_is_followed_by_the_next(make):
    sampler, other = make(), make()
    next(iter(sampler))
    other.set_epoch(1)
    assert list(sampler) == list(other)


def test_iter_alone_begins_no_epoch():
    sampler = rs2()
    iter(sampler), iter(sampler)
    assert list(sampler) == list(rs2())
    loader = DataLoader(range(100), None, sampler=rs2())  # calls iter() twice
    assert [int(index) for index in loader] == list(rs2())


def test_an_older_iterator_does_not_move_the_epoch_at_hand():
    sampler = rs2()
    old = iter(sampler)
    next(old)
    new = iter(sampler)
    heads = [next(new), next(new)]
    list(old)
    assert sampler.state_dict()["position"] == 2
    other = rs2()
    other.set_epoch(1)
    assert heads + list(new) == list(other)


@pytest.mark.parametrize("make", EVERY)
def test_going_on_in_the_middle_of_an_epoch(make):
    sampler, resumed = make(), make()
    sampler.set_epoch(1)
    whole = list(sampler)
    sampler.set_epoch(1)
    walk = iter(sampler)
    head = [next(walk) for _ in range(4)]
    state = pickle.loads(pickle.dumps(sampler.state_dict()))
    resumed.load_state_dict(state)
    assert len(resumed) == len(whole)
    assert head + list(resumed) == whole
    sampler.set_epoch(2)
    assert list(resumed) == list(sampler)  # and then the next


@pytest.mark.parametrize("make", EVERY)
def test_after_a_finished_epoch_the_next_follows(make):
    sampler, resumed = make(), make()
    sampler.set_epoch(1)
    list(sampler)
    resumed.load_state_dict(sampler.state_dict())
    sampler.set_epoch(2)
    assert list(resumed) == list(sampler) != []


def test_a_resumed_epoch_survives_set_epoch_of_itself_alone():
    sampler = rs2()
    sampler.set_epoch(3)
    walk = iter(sampler)
    head = [next(walk) for _ in range(4)]
    for epoch, left in ((3, 6), (2, 10)):
        resumed = rs2()
        resumed.load_state_dict(sampler.state_dict())
        resumed.set_epoch(epoch)
        assert len(list(resumed)) == left
    assert len(head) == 4


def test_a_loader_that_reads_ahead_says_what_was_taken():
    sampler, resumed = rs2(), rs2()
    loader = DataLoader(range(100), 2, sampler=sampler, num_workers=1)
    walk = iter(loader)
    head = torch.cat([next(walk), next(walk)]).tolist()
    assert sampler.state_dict()["position"] > 4 or sampler.state_dict()["epoch"] == 1
    resumed.load_state_dict(sampler.state_dict(taken=4))
    assert head + list(resumed) == list(rs2())


def test_workers_that_persist_see_new_epochs():
    loader = DataLoader(range(100), 5, sampler=rs2(), num_workers=2, persistent_workers=True)
    expected = rs2()
    for _ in range(3):
        assert torch.cat(list(loader)).tolist() == list(expected)


@pytest.mark.parametrize("make", EVERY)
def test_states_of_others_are_refused(make):
    state = make().state_dict()
    for changed in ({"seed": 1}, {"samples": 7}, {"sampler": "Other"}, {"epoch": -1}, {"position": None}):
        with pytest.raises(Error, match="LIPT-Y24"):
            make().load_state_dict({**state, **changed})
    with pytest.raises(Error, match="LIPT-Y24"):
        make().load_state_dict({})


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("replicas", [2, 3, 7, 25])
def test_parts_are_those_of_distributed_sampler(replicas, drop_last):
    every = list(Subset(Picks(range(10)), shuffle=False))
    for rank in range(replicas):
        theirs = DistributedSampler(every, replicas, rank, shuffle=False, drop_last=drop_last)
        ours = Subset(Picks(range(10)), shuffle=False, num_replicas=replicas, rank=rank, drop_last=drop_last)
        if drop_last and replicas > 10:
            with pytest.raises(Error, match="LIPT-Y22"):
                len(ours)
            continue
        assert list(ours) == list(theirs) and len(ours) == len(theirs)


def test_parts_together_are_the_epoch():
    parts = [list(rs2(num_replicas=2, rank=rank)) for rank in range(2)]
    assert [index for pair in zip(*parts) for index in pair] == list(rs2())


@pytest.mark.parametrize("make", EVERY)
def test_pickled_and_copied_samplers_yield_the_same(make):
    for copied in (pickle.loads(pickle.dumps(make())), copy.deepcopy(make())):
        assert list(copied) == list(make())


def test_a_pickled_epoch_is_the_same_after_more_losses():
    sampler = trained(100)
    sampler.set_epoch(2)
    walk = iter(sampler)
    head = [next(walk) for _ in range(5)]
    sampler.update(np.arange(100), np.zeros(100))
    copied = pickle.loads(pickle.dumps(sampler))
    assert copied.weights(head).tolist() == sampler.weights(head).tolist()
    rest = list(walk)
    assert copied.weights(rest).tolist() == sampler.weights(rest).tolist()


def test_too_many_samples_are_refused_at_once():
    for make in (lambda: RS2(2**32 + 5, fraction=1e-9, seed=0), lambda: InfoBatch(2**32 + 5, epochs=2, seed=0),
                 lambda: RS2(0, fraction=0.1), lambda: RS2(fraction=0.1), lambda: RS2(5, labels=[0, 1], fraction=0.5),
                 lambda: RS2(labels=[[0, 1]], fraction=0.5), lambda: RS2(labels=3, fraction=0.5),
                 lambda: Subset(Picks([])), lambda: Subset(Picks([1, 1]))):
        with pytest.raises(Error, match="LIPT-Y20"):
            make()


@pytest.mark.parametrize("changed", [{"fraction": 0}, {"fraction": 1.5}, {"fraction": float("nan")}, {"fraction": "x"},
                                     {"seed": -1}, {"seed": 2**64}, {"seed": 1.5}])
def test_rs2_out_of_range_is_refused(changed):
    with pytest.raises(Error, match="LIPT-Y21"):
        rs2(**changed)


@pytest.mark.parametrize("changed", [{"ratio": 1}, {"ratio": -0.1}, {"epochs": 0}, {"annealing": 1.1}, {"seed": -1}])
def test_info_batch_out_of_range_is_refused(changed):
    with pytest.raises(Error, match="LIPT-Y21"):
        trained(10, **changed)


@pytest.mark.parametrize("changed", [{"num_replicas": 2}, {"num_replicas": 2, "rank": 2},
                                     {"num_replicas": 0, "rank": 0}, {"rank": 1}])
def test_replicas_out_of_range_are_refused(changed):
    with pytest.raises(Error, match="LIPT-Y22"):
        rs2(**changed)


def test_epochs_out_of_range_are_refused():
    for epoch in (-1, 2**32, 1.5, "1"):
        with pytest.raises(Error, match="LIPT-Y23"):
            rs2().set_epoch(epoch)


def test_seeds_of_64_bits_count_whole():
    assert list(rs2(seed=2**32 + 1)) != list(rs2(seed=1))
    assert len(list(rs2(seed=2**64 - 1))) == 10


def test_weights_of_a_subset_are_by_index_of_the_data_set():
    picked = [48, 57, 39, 81, 7, 103, 13, 49, 2, 116, 41, 107]
    weights = [25, 9, 2, 4, 25, 5, 7, 3, 26, 8, 3, 3]
    sampler = Subset(Picks(picked, weights))
    scaled = dict(zip(picked, np.array(weights) / 10))  # mean 10
    for batch in DataLoader(torch.arange(120), 5, sampler=sampler):
        assert sampler.weights(batch).tolist() == pytest.approx([scaled[index] for index in batch.tolist()])
    assert sampler.weights(picked).mean() == pytest.approx(1)
    assert Subset(Picks(picked)).weights([7, 48]).tolist() == [1, 1]
    with pytest.raises(Error, match="LIPT-Y26.*sample 3 "):
        sampler.weights([48, 3])


@pytest.mark.parametrize("weights", [[1, 2], [1, -1, 1], [0, 0, 0], [1, float("nan"), 1]])
def test_weights_that_do_not_fit_are_refused(weights):
    with pytest.raises(Error, match="LIPT-Y21"):
        Subset([4, 5, 6], weights=weights)


def test_info_batch_keeps_its_lengths_and_its_sum():
    sampler = trained()
    for epoch in (0, 5, 8, 9):
        sampler.set_epoch(epoch)
        promised, batches = len(sampler), len(DataLoader(range(1000), 64, sampler=sampler))
        drawn = list(sampler)
        weights = sampler.weights(drawn).numpy()
        assert promised == len(drawn) == len(sampler) and batches == -(-promised // 64)
        if epoch == 9:
            assert promised == 1000 and (weights == 1).all()
        else:
            assert sorted(set(weights.tolist())) == [1, 2] and (weights == 1).sum() == 500
            assert abs(weights.sum() - 1000) < 90
            assert set(range(500, 1000)) <= set(drawn)


def test_info_batch_begins_with_all_samples_and_keeps_those_without_a_loss():
    sampler = InfoBatch(1000, epochs=10, seed=0)
    assert sorted(sampler) == list(range(1000))
    sampler.update(np.arange(500), np.linspace(0, 1, 500))
    sampler.update(torch.tensor([3, 5]), torch.tensor([9.0, float("nan")]))
    drawn = set(sampler)
    assert {5, *range(500, 1000)} <= drawn and 3 in drawn and len(drawn) < 950


def test_losses_count_from_the_next_epoch_on():
    sampler, untouched = trained(), trained()
    for one in (sampler, untouched):
        one.set_epoch(1)
    walk = iter(sampler)
    drawn = [next(walk) for _ in range(10)]
    sampler.update(np.arange(1000), np.arange(1000)[::-1].copy())
    drawn += list(walk)
    assert drawn == list(untouched) and sampler.weights(drawn).tolist() == untouched.weights(drawn).tolist()
    assert list(sampler) != list(untouched)


def test_losses_before_an_epoch_begins_count_for_it():
    sampler = InfoBatch(100, epochs=10, seed=0)
    sampler.set_epoch(1)
    assert len(sampler) == 100
    sampler.update(np.arange(100), np.arange(100))
    assert len(sampler) < 100


def test_an_epoch_goes_on_with_the_losses_that_it_was_drawn_by():
    sampler = trained()
    sampler.set_epoch(2)
    whole = list(sampler)
    sampler.set_epoch(2)
    walk = iter(sampler)
    head = [next(walk) for _ in range(7)]
    sampler.update(head, np.full(7, 5.0))
    resumed = InfoBatch(1000, ratio=0.5, epochs=10, seed=0)
    resumed.load_state_dict(sampler.state_dict())
    assert head + list(resumed) == whole
    list(walk)
    assert list(resumed) == list(sampler)  # drawn with the new losses, in both


def test_losses_that_do_not_fit_are_refused():
    sampler = trained(1000)
    for indices, losses in (([1000], [1.0]), ([-1], [1.0]), ([1, 2], [1.0]), ([0.5], [1.0]), ([1], [[1.0]])):
        with pytest.raises(Error, match="LIPT-Y25"):
            sampler.update(indices, losses)


def test_weights_of_a_sample_that_is_left_out_are_refused():
    sampler = trained()
    left_out = sorted(set(range(1000)) - set(sampler))
    with pytest.raises(Error, match=f"LIPT-Y26.*sample {left_out[0]} "):
        sampler.weights(left_out[:1])
