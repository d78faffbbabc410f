from hanza.kit.memo import Memo


def test_the_same_object_is_asked_for_once_and_an_equal_one_again() -> None:
    made: list[tuple[str, ...]] = []

    def make(item: tuple[str, ...]) -> int:
        made.append(item)
        return len(item)

    memo = Memo(make, kept=10)
    one, equal = tuple("abc"), tuple("abc")
    assert [memo.of(one), memo.of(one), memo.of(equal), memo.of(one)] == [3, 3, 3, 3]
    assert len(made) == 2
    assert made[0] is one
    assert made[1] is equal


def test_what_is_remembered_is_bounded_and_only_what_is_worth_it() -> None:
    memo, small = Memo(len, kept=2), Memo(len, kept=2, is_kept=lambda size: size < 2)
    for _ in range(2):
        for item in (["a"], ["b", "b"], ["c"]):
            assert memo.of(item) == small.of(item) == len(item)
            assert 1 <= len(memo) <= 2
    assert len(small) <= 2
    assert not len(Memo(len, kept=2, is_kept=lambda _: False))


def test_an_object_that_is_gone_is_never_taken_for_another() -> None:
    memo = Memo(list[int].copy, kept=1000)
    for nth in range(500):
        assert memo.of([nth]) == [nth], "what is remembered keeps its object, and so its place"
