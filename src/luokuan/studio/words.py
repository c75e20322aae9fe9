"""Words of the database, for people."""

from __future__ import annotations

from luokuan.i18n import _


def kind_word(kind: str) -> str:
    """A kind of work."""
    return {
        "image": _("picture"),
        "text": _("text"),
        "verse": _("verse"),
        "copy": _("copy"),
        "translation": _("translation"),
        "music": _("music"),
        "speech": _("speech"),
        "sound": _("sound"),
        "video": _("video"),
        "presenter": _("presenter"),
    }.get(kind, kind)


def job_word(kind: str) -> str:
    """A kind of job."""
    group, _dot, word = kind.partition(".")
    if group == "create":
        own = {"enlargement": _("enlargement"), "sentences": _("sentences"), "effect": _("effect"), "clip": _("clip")}
        return own.get(word) or kind_word(word)
    return {"train": _("training"), "evaluate": _("evaluation"), "export": _("export")}.get(group, kind)


def state_word(state: str) -> str:
    """How it stands with a job."""
    return {
        "queued": _("waiting"),
        "running": _("running"),
        "cancelling": _("being cancelled"),
        "done": _("done"),
        "failed": _("failed"),
        "cancelled": _("cancelled"),
    }.get(state, state)


def role_word(role: str) -> str:
    """A role."""
    return {"viewer": _("viewer"), "maker": _("maker"), "admin": _("administrator")}.get(role, role)


def scope_word(scope: str) -> str:
    """What a key is for."""
    return {
        "works:read": _("read works"),
        "models:read": _("list models"),
        "create": _("create works"),
        "train": _("bring corpora and train models"),
        "market": _("buy and sell"),
        "books": _("read and settle the books"),
        "metrics": _("read counts of requests"),
    }.get(scope, scope)


def action_word(action: str) -> str:
    """What was done."""
    return {
        "account.made": _("account made"),
        "account.changed": _("account changed"),
        "link.given": _("one-time link given"),
        "password.set": _("password set"),
        "login": _("logged in"),
        "login.refused": _("login refused"),
        "logout": _("logged out"),
        "logout.all": _("logged out everywhere"),
        "key.made": _("API key made"),
        "key.revoked": _("API key revoked"),
        "work.trashed": _("work thrown away"),
        "work.restored": _("work taken back"),
        "work.erased": _("work erased"),
        "corpus.brought": _("corpus brought"),
        "model.brought": _("model brought"),
        "corpus.removed": _("corpus removed"),
        "model.removed": _("model removed"),
        "works.exported": _("works exported"),
        "market.fee": _("fee settled"),
        "appraisal.prices": _("price table settled"),
        "market.paid": _("payout entered"),
        "market.unpaid": _("payout taken back"),
        "label.changed": _("rule of the label changed"),
        "trash.changed": _("days of the trash changed"),
    }.get(action, action)


def entry_word(kind: str) -> str:
    """A kind of entry in the log."""
    return {
        "work": _("work made"),
        "waiver": _("label waived"),
        "correction": _("correction"),
        "withdrawal": _("withdrawal"),
        "override": _("guard overridden"),
        "publication": _("publication"),
        "grant": _("licence granted"),
        "sale": _("sale"),
        "restart": _("new log begun"),
    }.get(kind, kind)
