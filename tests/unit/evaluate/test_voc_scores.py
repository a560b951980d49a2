"""Average precision of Pascal VOC, against the definition written out, and known answers."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import numpy as np
import pytest

from labelled import dataset, found, true
from splitdet.evaluate.found import FoundObject
from splitdet.evaluate.truth import TrueObject
from splitdet.evaluate.voc_scores import Curve, voc_curves


def written_out(objects: Dict[Any, List[TrueObject]], some: List[FoundObject]) -> Tuple[float, float]:
    """AP07 and AP10 of one class by VOCevaldet.m, step by step, on boxes of whole pixels.

    There a box names its first and its last pixel, counted from 1.
    """

    def pixels(box: Any) -> Tuple[float, float, float, float]:
        return box[0] + 1, box[1] + 1, box[0] + box[2], box[1] + box[3]

    wanted = sum(not one.difficult for of_image in objects.values() for one in of_image)
    taken = {(image, number): False for image in objects for number in range(len(objects[image]))}
    tp, fp = [], []
    for detection in sorted(some, key=lambda one: -one.score):
        bb, best, which = pixels(detection.box_px), -np.inf, None
        for number, one in enumerate(objects.get(detection.image_id, [])):
            gt = pixels(one.box_px)
            bi = max(bb[0], gt[0]), max(bb[1], gt[1]), min(bb[2], gt[2]), min(bb[3], gt[3])
            iw, ih = bi[2] - bi[0] + 1, bi[3] - bi[1] + 1
            if iw > 0 and ih > 0:
                ua = (bb[2] - bb[0] + 1) * (bb[3] - bb[1] + 1)
                ua += (gt[2] - gt[0] + 1) * (gt[3] - gt[1] + 1) - iw * ih
                if iw * ih / ua > best:
                    best, which = iw * ih / ua, number
        tp.append(0)
        fp.append(0)
        if best >= 0.5 and which is not None:
            if not objects[detection.image_id][which].difficult:
                if not taken[detection.image_id, which]:
                    tp[-1], taken[detection.image_id, which] = 1, True
                else:
                    fp[-1] = 1
        else:
            fp[-1] = 1
    right, wrong = np.cumsum(tp), np.cumsum(fp)
    recall = right / wanted
    precision = right / np.maximum(right + wrong, 1e-9)
    ap07 = 0.0
    for tenth in range(11):
        reached = [p for r, p in zip(recall, precision) if r >= tenth / 10]
        ap07 += max(reached, default=0.0) / 11
    mrec = [0.0, *recall, 1.0]
    mpre = [0.0, *precision, 0.0]
    for place in range(len(mpre) - 2, -1, -1):
        mpre[place] = max(mpre[place], mpre[place + 1])
    ap10 = sum((mrec[i + 1] - mrec[i]) * mpre[i + 1] for i in range(len(mrec) - 1))
    return ap07, ap10


@pytest.mark.parametrize("seed", range(6))
def test_ap_is_that_of_the_development_kit(seed: int) -> None:
    random = np.random.RandomState(seed)
    pictures: List[List[TrueObject]] = []
    some: List[FoundObject] = []
    for image_id in range(1, 16):
        pictures.append([])
        for _ in range(random.randint(0, 5)):
            box = [*random.randint(0, 60, 2).tolist(), *random.randint(5, 40, 2).tolist()]
            pictures[-1].append(true(1, *box, difficult=bool(random.uniform() < 0.2)))
            for _ in range(random.randint(0, 4)):
                moved = np.maximum(np.array(box) + random.randint(-6, 7, 4), [0, 0, 1, 1]).tolist()
                some.append(found(image_id, 1, float(random.uniform()), *moved))
    expected = written_out(dict(enumerate(pictures, start=1)), some)
    curve = voc_curves(dataset(*pictures), some)[1]
    assert (curve.ap07(), curve.ap10()) == pytest.approx(expected, abs=1e-12)
    assert 0.1 < expected[1] < 0.9


def test_known_answers() -> None:
    # right, wrong, right, of three objects: precision 1, 1/2, 2/3 at recall 1/3, 1/3, 2/3
    curve = Curve(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]), 3)
    assert curve.ap10() == pytest.approx(1 / 3 * 1 + 1 / 3 * 2 / 3)
    # recall 0, .1, .2, .3 have precision 1; .4, .5, .6 have 2/3; none from .7 on
    assert curve.ap07() == pytest.approx((4 * 1 + 3 * 2 / 3) / 11)


def test_a_recall_of_exactly_three_tenths_counts_at_three_tenths() -> None:
    curve = Curve(np.array([0.9, 0.8, 0.7]), np.array([True, True, True]), 10)
    assert curve.ap07() == pytest.approx(4 / 11)


def test_a_difficult_object_is_neither_found_nor_missed() -> None:
    truth = dataset([true(1, 0, 0, 20, 20), true(1, 40, 0, 20, 20, difficult=True)])
    some = [found(1, 1, 0.9, 40, 0, 20, 20), found(1, 1, 0.8, 0, 0, 20, 20)]
    curve = voc_curves(truth, some)[1]
    assert (curve.objects, curve.right.tolist()) == (1, [True])
    assert curve.ap10() == 1


def test_an_overlap_of_exactly_a_half_is_enough() -> None:
    truth = dataset([true(1, 0, 0, 20, 20)])
    assert voc_curves(truth, [found(1, 1, 0.9, 0, 0, 20, 10)])[1].ap10() == 1
    assert voc_curves(truth, [found(1, 1, 0.9, 0, 0, 20, 9)])[1].ap10() == 0


def test_precision_and_recall_are_those_from_the_threshold_on() -> None:
    curve = Curve(np.array([0.9, 0.5, 0.2]), np.array([True, False, True]), 4)
    assert curve.at(0.5) == (0.5, 0.25)
    assert curve.at(0.95) == (None, 0)
    assert Curve(np.zeros(0), np.zeros(0, np.bool_), 0).at(0.5) == (None, None)


def test_a_class_without_objects_has_no_ap() -> None:
    curve = voc_curves(dataset([true(1, 0, 0, 20, 20)]), [found(1, 2, 0.9, 0, 0, 9, 9)])[2]
    assert (curve.ap07(), curve.ap10()) == (None, None)


def test_an_object_that_nobody_found_has_an_ap_of_zero() -> None:
    curve = voc_curves(dataset([true(1, 0, 0, 20, 20)]), [])[1]
    assert (curve.ap07(), curve.ap10()) == (0, 0)
