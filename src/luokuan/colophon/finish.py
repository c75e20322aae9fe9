"""finish(): the only way from a draft to a file.

Each step takes the passage and adds to it; ``STEPS`` is their order. Nothing outside the home changes, and the home
changes in three places only: a master and a blob under its SHA-256, then one row in one transaction. A process that
dies before the row leaves orphans, which the daily sweep removes; the work then doesn't exist.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from luokuan import logs
from luokuan.colophon import aigc, c2pa_sign, manifest
from luokuan.colophon.captions import captions
from luokuan.colophon.enlarge import Method
from luokuan.colophon.fingerprint import fingerprints_of
from luokuan.colophon.fingerprint.backfill import backfill
from luokuan.colophon.formats import Encoding, format_of
from luokuan.colophon.formats.base import MANIFEST
from luokuan.colophon.formats.clip import admit
from luokuan.colophon.houselabel import house_label
from luokuan.colophon.passage import Order, Passage, Step
from luokuan.colophon.schema import COLOPHON_SCHEMA, Draft, Work, commit, new_salt, new_work_id, samples_digest
from luokuan.colophon.tlog import log, proof
from luokuan.colophon.tlog.entries import work_entry
from luokuan.colophon.tlog.note import LogKey
from luokuan.colophon.usage import NO_RIGHTS, Usage, training_said
from luokuan.colophon.waiver import permitted, waived
from luokuan.colophon.watermark.marking import marker_of
from luokuan.files import sha256_bytes, write_atomic
from luokuan.media import Clip, Sound
from luokuan.store.blobs import Blobs
from luokuan.store.database import Database, open_database
from luokuan.store.fingerprints import insert_fingerprints
from luokuan.store.home import Home
from luokuan.store.ingredients import insert_ingredients
from luokuan.store.keys import Signing, signing
from luokuan.store.logbook import Found, HeadRow
from luokuan.store.masters import Masters
from luokuan.store.missing import tell_missing
from luokuan.store.ownership import set_owner
from luokuan.store.secrets import watermark_key
from luokuan.store.sweep import sweep_daily
from luokuan.store.works import WorkRow, insert_work

if TYPE_CHECKING:
    import sqlalchemy as sa

    from luokuan.colophon.ingredients import Origin
    from luokuan.colophon.label import LabelOptions

PRODUCER = "luokuan"
"""ContentProducer of the AIGC label when nothing else is set."""


def identify(passage: Passage) -> None:
    """Give the work its random id, or the one drawn for it before, and commit to its recipe."""
    passage.work_id = passage.order.work_id or new_work_id()
    passage.salt = new_salt()
    passage.recipe = replace(passage.recipe, draft_digest=samples_digest(passage.media))
    passage.commitment = commit(passage.salt, passage.recipe)


def keep_master(passage: Passage) -> None:
    """Keep the samples as they are now, encrypted: from them the work can be finished again, with one watermark."""
    Masters(passage.order.home).put(passage.work_id, passage.media)


def label(passage: Passage) -> None:
    """Write the explicit label onto it, unless it is waived (a format then only prepares the samples); speech, alone or
    in a clip, gets its captions; those of a sound show the label too."""
    order, bare, text = passage.order, passage.media, passage.order.label.text
    passage.media = order.format.labelled(bare, order.label, order.enlarge, passage.work_id)
    speech = bare.sound if isinstance(bare, Clip) else bare
    if isinstance(speech, Sound):
        longer = passage.media if isinstance(passage.media, Sound) and not order.label.waiver else speech
        passage.sidecars.update(captions(speech, longer.seconds - speech.seconds, text, (text, passage.recipe.credit)))


def watermark(passage: Passage) -> None:
    """Put the work's id into the samples, where they are of a kind that can carry it."""
    marker = marker_of(type(passage.media))
    if marker is not None:
        passage.media = marker.embed(passage.media, passage.work_id, passage.order.secret)


def encode(passage: Passage) -> None:
    """Encode the samples, once.

    Raises:
        UserError: they are too many for the format.
    """
    passage.data = passage.order.format.encode(passage.media, passage.order.encoding)


def fingerprint(passage: Passage) -> None:
    """Take the fingerprints of what a stranger will see of it; None where a program for that lacks."""
    passage.fingerprints = fingerprints_of(passage.data, passage.order.format.media_type)


def tag(passage: Passage) -> None:
    """Add the implicit label: AIGC and IPTC source type. What came with a label keeps it, and we pass it on."""
    order = passage.order
    parent = None if order.origin is None else order.origin.parent
    if parent is not None and parent.aigc is not None:
        found = aigc.from_dict(parent.aigc)
        passage.aigc = found.passed_on(order.producer, passage.work_id, parent.sha256)
    else:
        passage.aigc = aigc.Aigc(label="1", producer=order.producer, produce_id=passage.work_id)
    rights = NO_RIGHTS if order.usage is None else order.usage.rights
    tagged = order.format.tag(passage.data, passage.aigc, order.source, rights)
    passage.data = tagged.data
    passage.sidecars.update(tagged.sidecars)


def listen(passage: Passage) -> None:
    """Look for the watermark in the encoded samples: only what can be read there will be claimed."""
    marker = marker_of(type(passage.media))
    if marker is not None:
        samples = passage.order.format.samples(passage.data)
        if not passage.order.format.embeds_manifest:
            passage.decoded = samples, passage.data  # these bytes won't change any more
        if samples is not None and marker.detect(samples, passage.order.secret).id == passage.work_id:
            passage.watermark = marker.algorithm


def sign(passage: Passage) -> None:
    """Sign, last of all changes to the bytes."""
    row = passage.order.format
    claim = manifest.build(
        media_type=row.media_type,
        recipe=passage.recipe,
        work_id=passage.work_id,
        commitment=passage.commitment,
        explicit_label=row.label_text(passage.order.label) or None,
        created=passage.created_at,
        origin=passage.order.origin,
        watermark=passage.watermark,
        log=passage.order.log,
        usage=passage.order.usage,
    )
    given = () if passage.order.origin is None else passage.order.origin.ingredients
    if row.embeds_manifest:
        passage.data = c2pa_sign.sign(passage.data, row.media_type, claim, passage.order.signing, given)
    else:
        signed = c2pa_sign.sign_beside(passage.data, row.media_type, claim, passage.order.signing, given)
        passage.sidecars[MANIFEST] = signed


def read_back(passage: Passage) -> None:
    """Read the final bytes as a stranger would: signature, labels, samples. What isn't there doesn't leave.

    Raises:
        UserError: the signature was to be time-stamped, and the time-stamp doesn't hold.
        RuntimeError: something is missing or differs; our fault.
    """
    row = passage.order.format
    keys = passage.order.signing
    trust = c2pa_sign.context(keys.root, keys.stamp_roots)
    reading = c2pa_sign.read(passage.data, row.media_type, trust, passage.sidecars.get(MANIFEST))
    if reading.state != "Trusted":
        raise RuntimeError(f"the signature reads back as {reading.state} {reading.failures}")
    c2pa_sign.check_stamp(reading, keys)
    claim = manifest.read(reading.store)
    if (claim.work, claim.commitment) != (passage.work_id, passage.commitment):
        raise RuntimeError("the manifest reads back with another work's id")
    if passage.order.origin is not None:
        passage.order.origin.check(reading.store)
    if (claim.log, claim.log_key) != (passage.order.log.name, passage.order.log.text):
        raise RuntimeError("the manifest reads back with another log")
    if claim.training != training_said(passage.order.usage):
        raise RuntimeError("the manifest reads back with other terms")
    if claim.watermark != passage.watermark:
        raise RuntimeError("the manifest reads back with another watermark")
    labels = row.read_labels(passage.data, passage.sidecars)
    if labels.aigc is None or aigc.parse(labels.aigc) != passage.aigc or labels.source != passage.order.source:
        raise RuntimeError("the AIGC label doesn't read back")
    # Decoding takes long: bytes that are the same as when they were listened to aren't decoded again.
    decoded = passage.decoded[0] if passage.decoded is not None and passage.decoded[1] is passage.data else None
    row.check(passage.data, passage.media, passage.order.encoding, decoded)
    passage.decoded = None
    passage.sha256 = sha256_bytes(passage.data)


def keep(passage: Passage) -> None:
    """Put the bytes into the home, durably, and read them from there again."""
    blobs = Blobs(passage.order.home)
    for data in (passage.data, *passage.sidecars.values()):
        blobs.get(blobs.put(data))


def record(passage: Passage) -> None:
    """One transaction: the caller's checks (a job's fencing token), the row with what belongs to it, and its entry in
    the log. From here on the work exists.

    Raises:
        UserError: the label is waived, and the home doesn't allow that any more; or a new log has begun since the
            manifest was signed, which names the old one.
    """
    row = WorkRow(
        id=passage.work_id,
        kind=passage.kind,
        blob_sha256=passage.sha256,
        blob_size=len(passage.data),
        media_type=passage.order.format.media_type,
        model_name=passage.recipe.model,
        model_digest=passage.recipe.model_digest,
        recipe=passage.recipe.to_dict(),
        salt=passage.salt,
        commitment=passage.commitment,
        licence=passage.recipe.licence,
        label=passage.order.format.label_text(passage.order.label),
        schema_version=COLOPHON_SCHEMA,
        created_at=passage.created_at,
        sidecars={ending: sha256_bytes(data) for ending, data in passage.sidecars.items()},
    )
    with passage.order.database.write() as connection:
        if passage.order.at_commit is not None:
            passage.order.at_commit(connection)
        book, entry = log.writer(connection, passage.order.home), work_entry(row)
        if log.key_of(book.head) != passage.order.log:
            raise log.moved()
        insert_work(connection, row)
        if passage.order.owner is not None:
            set_owner(connection, row.id, passage.order.owner)
        if passage.order.at_record is not None:
            passage.order.at_record(connection, row.id)
        entries = [entry]
        if (waiver := passage.order.label.waiver) is not None:
            entries.append(waived(connection, passage.work_id, waiver, passage.created_at))
        if passage.order.origin is not None:
            insert_ingredients(connection, passage.order.origin.rows(passage.work_id))
        if passage.fingerprints is not None:
            insert_fingerprints(connection, row.id, passage.fingerprints)
        found = Found(book.head.id, book.append(entries), entry)
        passage.proof = proof.prove(connection, book.head, found).to_bytes()
    passage.logged = book.head


STEPS: tuple[Step, ...] = (
    identify,
    keep_master,
    label,
    watermark,
    encode,
    fingerprint,
    tag,
    listen,
    sign,
    read_back,
    keep,
    record,
)
"""The order in which a draft passes. The signature comes after everything that changes the bytes."""


def finish(
    draft: Draft,
    *,
    home: Home,
    media_type: str = "image/png",
    label: LabelOptions | None = None,
    enlarge: Method = "lanczos",
    lossless: bool = False,
    bits: int = 16,
    producer: str = PRODUCER,
    at_commit: Callable[[sa.Connection], None] | None = None,
    at_record: Callable[[sa.Connection, str], None] | None = None,
    signer: Signing | None = None,
    origin: Origin | None = None,
    owner: str | None = None,
    work_id: str | None = None,
    usage: Usage | None = None,
) -> Work:
    """Turn a draft into a work: labelled, watermarked, signed by the home, read back, kept, recorded.

    Args:
        draft: Samples and their recipe.
        home: Where the work is kept and whose authority signs; both are made at first use.
        media_type: ``image/png``, ``image/jpeg`` or ``image/webp``; ``text/plain``, ``text/markdown``, ``text/html`` or
            ``application/json``; for sound ``audio/wav``, ``audio/flac``, ``audio/mpeg``, ``audio/ogg`` (Vorbis),
            ``audio/ogg; codecs=opus`` or ``audio/mp4`` (AAC, needs ffmpeg); for a clip ``video/mp4`` or ``video/webm``
            (both need ffmpeg); for a score ``audio/midi``.
        label: The explicit label, or its waiver; None: as the home says.
        enlarge: How a picture or clip below 512 pixels grows: ``lanczos`` or ``nearest``.
        lossless: For WebP; PNG always is.
        bits: Of a sample in WAV and FLAC, 16 or 24.
        producer: ContentProducer of the AIGC label, printable ASCII without spaces.
        at_commit: Called with the connection inside the transaction, before the row; what it raises cancels the work.
        at_record: Called likewise, after the row, with the work's id too: for rows that belong to it.
        signer: Signs instead of what the home signs with, see ``identity.with_callback``.
        origin: What the work starts from; None: from nothing but the model.
        owner: Id of the account whose work it is; None: the home's administrators'.
        work_id: The work's id, where it was drawn before (``schema.new_work_id``); None: it is drawn now.
        usage: Terms that the file carries; None: none, and nobody may train on it.

    Returns:
        The work, with its final bytes; ``export_work`` writes them to a path.

    Raises:
        UserError: an option is unknown, the format doesn't hold this kind of work or so much of it, no room, the
            home can't be used, it doesn't allow works without explicit label, or there is no time-stamp where one is
            asked for.
        RuntimeError: the finished bytes don't read back; our fault.
    """
    row = format_of(media_type, type(draft.media))
    aigc.Aigc(label="1", producer=producer, produce_id="")  # refused before any work is done
    if isinstance(draft.media, Clip):
        admit(draft.media, enlarge)
    tell_missing(home)
    keys = signer or signing(home)
    with open_database(home) as database:
        order = Order(
            home=home,
            database=database,
            signing=keys,
            format=row,
            encoding=Encoding(lossless, bits),
            label=label or house_label(database),
            enlarge=enlarge,
            producer=producer,
            at_commit=at_commit,
            at_record=at_record,
            secret=watermark_key(home),
            log=_log_of(home, database),
            origin=origin,
            owner=owner,
            work_id=work_id,
            usage=usage,
        )
        if order.label.waiver is not None:
            with database.read() as connection:
                permitted(connection)  # refused before any work is done; asked again when the work is recorded
        passage = Passage(order, draft.kind, draft.recipe, draft.media, datetime.now(UTC).replace(microsecond=0))
        for step in STEPS:
            step(passage)
        _remember(home, passage.logged)
        _tidy(home, database)
    return _work(passage)


def _log_of(home: Home, database: Database) -> LogKey:
    """The log in which the work will be entered; begun here if there is none."""
    with database.write() as connection:
        return log.key_of(log.writer(connection, home).head)


def _remember(home: Home, head: HeadRow | None) -> None:
    try:
        if head is not None:
            log.remember(home, head)
    except Exception as error:
        # As below: the work and its entry are there.
        logs.get("colophon.finish").warning("the log's checkpoint could not be copied", error=str(error))


def _tidy(home: Home, database: Database) -> None:
    try:
        sweep_daily(home, database, backfill)
    except Exception as error:
        # The work exists already: what goes wrong in tidying up must not take it from its maker.
        logs.get("colophon.finish").warning("the daily sweep failed", error=str(error))


def _work(passage: Passage) -> Work:
    return Work(
        id=passage.work_id,
        kind=passage.kind,
        data=passage.data,
        media_type=passage.order.format.media_type,
        sha256=passage.sha256,
        recipe=passage.recipe,
        label=passage.order.format.label_text(passage.order.label),
        commitment=passage.commitment,
        created_at=passage.created_at,
        sidecars=passage.sidecars,
        proof=passage.proof,
    )


def beside(work: Work) -> dict[str, bytes]:
    """What ``export_work`` writes beside a work, by what it adds to the file's name."""
    return {**work.sidecars, proof.ENDING: work.proof} if work.sidecars and work.proof else dict(work.sidecars)


def export_work(work: Work, path: Path) -> Work:
    """Write the work to ``path``, whole or not at all, what belongs beside it first. Returns it with that path.

    A work that has sidecars gets its proof as one more; others stay alone, and ``luokuan log prove`` writes it.

    Raises:
        UserError: no room, or no permission.
    """
    for ending, data in (*beside(work).items(), ("", work.data)):  # the work itself comes last
        write_atomic(path.with_name(path.name + ending), data)
    return replace(work, path=path)
