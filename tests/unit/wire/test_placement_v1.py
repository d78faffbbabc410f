"""What is proven of many, as the API tells it."""

from hanza.plan.placement.proof import Proof
from hanza.plan.placement.score import FULL
from hanza.wire.placement_v1 import ProofDoc, proof_to_doc


def test_a_proof_is_told_in_points_and_percent() -> None:
    near = proof_to_doc(Proof(1000, 992 * FULL, 1000 * FULL - 1))
    assert near == ProofDoc(1000, 992.0, 999.999999, 0.8, "within 0.80 % of optimal")
    assert proof_to_doc(Proof(2, FULL, FULL)) == ProofDoc(2, 1.0, 1.0, 0.0, "optimal")
    assert proof_to_doc(Proof(2, -5, FULL)).gap_percent is None
