"""The tools of the task `deliver`, except for the ledger and the files. Broadcasts use the same chat."""

from dataclasses import dataclass

from chat.calls import MEDIA_BOUND_S
from chat.gateway import Gateway
from chat.limiter import SharedLimiter
from config.catalogue import Catalogue
from config.settings import Settings
from ledger.processes.metrics_buffer import MetricsBuffer
from tasks.delivery.attachment import Attachments
from tasks.delivery.gateway_thread import Chat
from tasks.delivery.new_message import NewMessages
from tasks.delivery.progress import Progress
from tasks.delivery.result import Results
from tasks.files import Files
from tasks.records import Records

_CHAT_CALL_S = MEDIA_BOUND_S + 20
_PATIENCE_S = 3.0
"""Longest wait (s) for a chat's rate limit in a slot, which then goes to deliveries to other chats."""


@dataclass(frozen=True, slots=True)
class DeliveryTools:
    """The connection to Telegram, and the senders of progress, new messages and results that share it."""

    chat: Chat
    progress: Progress
    messages: NewMessages
    results: Results

    def close(self) -> None:
        """Close the connection to Telegram."""
        self.chat.close()


def open_delivery(
    settings: Settings, catalogue: Catalogue, records: Records, files: Files, tally: MetricsBuffer
) -> DeliveryTools:
    """Return the tools, which connect to Telegram at the first call. The caller closes them."""
    chat = Chat(lambda: Gateway(settings, SharedLimiter(settings, _PATIENCE_S, tally)), _CHAT_CALL_S)
    progress = Progress(records.ledger, records.waiting, catalogue, files.links, chat)
    messages = NewMessages(records.ledger, chat, settings.lease_s)
    attachments = Attachments(files.store, records.cache)
    results = Results(catalogue, files.links, attachments, chat, messages)
    return DeliveryTools(chat, progress, messages, results)
