"""What a site's own people say of updates, kept on its disk under the agent's seal.

Where it was lost or tampered with no key is left, so nothing is taken.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from hanza.agent.journal import Journal, load_sealed
from hanza.agent.slots import Returned
from hanza.model.errors import Invalid, NotFound
from hanza.model.release import Consent, UpdateRules
from hanza.plan.release import version_of
from hanza.wire.agent_update_v1 import KEYS_MAX, WORDS_MAX

RULES = "updates"


class _Kept(msgspec.Struct):
    consent: Consent
    words: list[str]
    keys: list[bytes]
    forgiven: int = 0


def load_rules(folder: Path) -> UpdateRules:
    content = load_sealed(folder, RULES)
    if content is None:
        return UpdateRules()
    kept = msgspec.json.decode(content, type=_Kept)
    return UpdateRules(kept.consent, frozenset(kept.words), frozenset(kept.keys), kept.forgiven)


def keep_rules(journal: Journal, rules: UpdateRules) -> None:
    """Returns when it is on the disk.  Raises `Invalid` for more than can be told."""
    if len(rules.keys) > KEYS_MAX or len(rules.words) > WORDS_MAX:
        hint = "hanza local updates --unpin KEY"
        raise Invalid(f"at most {KEYS_MAX} keys and {WORDS_MAX} versions", hint=hint)
    kept = _Kept(rules.consent, sorted(rules.words), sorted(rules.keys), rules.forgiven)
    journal.save(RULES, msgspec.json.encode(kept))


def with_word(rules: UpdateRules, version: str, returned: Returned | None) -> UpdateRules:
    """Yes to this version, also where it was given up; the lowest go where there are too many.

    Raises `Invalid`.
    """
    version_of(version)
    others = sorted(rules.words - {version}, key=version_of)[-(WORDS_MAX - 1) :]
    is_again = returned is not None and returned.version == version
    forgiven = returned.number if returned is not None and is_again else rules.forgiven
    return replace(rules, words=frozenset({*others, version}), forgiven=forgiven)


def without_key(rules: UpdateRules, key: bytes) -> Sequence[bytes]:
    """The other keys.  Raises `NotFound`."""
    if key not in rules.keys:
        raise NotFound("this key is not pinned here", field="key")
    return sorted(rules.keys - {key})
