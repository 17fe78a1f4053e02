"""The way to the chats: what Darkroom says, shows and gives, over python-telegram-bot."""

from types import TracebackType
from typing import Self

from telegram import InputFile, LinkPreviewOptions, Message
from telegram.ext import ExtBot
from telegram.request import HTTPXRequest

from chat.attachments import content, file_id_of, input_media, shape
from chat.calls import MEDIA_BOUND_S, TEXT_BOUND_S, once, twice, unrepeated
from chat.errors import Dropped, MessageGone
from chat.forms import offered
from chat.keyboards import Markup
from chat.limiter import SharedLimiter, Urgency
from chat.media import Known, MediaKind, Upload
from chat.sending import Json, Mark, placed, ready
from chat.status import View
from config.settings import Settings
from jobs.errors import PassingError
from jobs.model import Job, Origin

_UPLOAD_ANSWER_S = 60.0
"""Telegram answers an upload when it has taken the file in, which takes longer than the answer to a text."""
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class Gateway:
    """One per process and event loop; an async context manager that owns the connections.

    Entering it contacts nobody. Its errors are those of `chat.errors` and PassingError. Calls wait for
    their turn in the limiter, and edits are made a second time after a passing network error; any further
    repetition is the caller's.
    """

    def __init__(self, settings: Settings, limiter: SharedLimiter, *, patient: bool = True) -> None:
        """`patient`: whether `say` waits for its chat's turn; else it raises NotNow at once."""
        self._limiter = limiter
        self._saying = Urgency.RESULT if patient else Urgency.ANSWER
        self._upload_max = settings.telegram_upload_max_bytes
        self._requests = (_request(64), _request(1))
        self.bot: ExtBot[Urgency] = ExtBot(
            settings.telegram_token,
            base_url=f"{settings.telegram_api_url}/bot",
            base_file_url=f"{settings.telegram_api_url}/file/bot",
            request=self._requests[0],
            get_updates_request=self._requests[1],
            rate_limiter=limiter,
        )

    async def __aenter__(self) -> Self:
        await self._limiter.initialize()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.bot.shutdown()
        await self._limiter.shutdown()
        for request in self._requests:
            await request.shutdown()

    async def post(self, origin: Origin, view: View, mark: Mark | None = None) -> int:
        """Post a job's status message, or its end, as a reply to its request; returns the message's id.

        Not idempotent: PassingError says that nothing was posted, OutcomeUnknown that it may have been. A
        message that must not come twice has a `mark`: SentBefore where that is taken. Where the topic or the
        reply is refused, the message goes to the chat without them.
        """
        return await self._say(origin, view.text, origin.reply_to, view.keyboard, mark)

    async def say(self, origin: Origin, text: str, keyboard: Markup | None = None) -> int:
        """Send a text in answer to a request; returns the message's id. Errors as in `post`."""
        return await self._say(origin, text, origin.reply_to, keyboard, unmarked=self._saying)

    async def reply(self, job: Job, text: str) -> None:
        """Send a text as a reply to the job's message. Errors as in `post`."""
        await self._say(job.origin, text, job.message, None)

    async def show(self, job: Job, view: View, *, progress: bool = False) -> None:
        """Make the job's message show this text. Idempotent.

        With `progress` it is made once, at once or not at all: Dropped stands for all troubles that pass.
        """

        async def edit() -> Message | bool:
            return await self.bot.edit_message_text(
                view.text,
                chat_id=job.origin.chat,
                message_id=_message_of(job),
                reply_markup=view.keyboard,
                link_preview_options=_NO_PREVIEW,
                rate_limit_args=Urgency.PROGRESS if progress else Urgency.RESULT,
            )

        if not progress:
            await twice(edit, TEXT_BOUND_S)
            return
        try:
            await once(edit, TEXT_BOUND_S, repeatable=True)
        except PassingError as error:
            raise Dropped(str(error)) from error

    async def give(self, job: Job, view: View, media: Upload | Known) -> str:
        """Turn the job's message into its result; returns the file_id.

        Idempotent. A photo or video that Telegram does not take as such is given as a document, and a file
        whose `file_id` it does not take is uploaded. The answer is empty where the message shows this very
        result already, as Telegram then does not tell it.
        """

        async def give_as(form: Upload | Known, kind: MediaKind) -> str:
            async def edit() -> Message | bool:
                async with content(form, attach=True) as (sent, measured):
                    return await self.bot.edit_message_media(
                        input_media(kind, measured, sent, view.text),
                        chat_id=job.origin.chat,
                        message_id=_message_of(job),
                        reply_markup=view.keyboard,
                        read_timeout=_UPLOAD_ANSWER_S,
                    )

            done = await twice(edit, MEDIA_BOUND_S)
            if isinstance(done, Message):
                return file_id_of(done)
            return form.file_id if isinstance(form, Known) else ""

        return await offered(media, self._upload_max, give_as)

    async def send(
        self, job: Job, view: View, media: Upload | Known, mark: Mark | None = None
    ) -> tuple[int, str]:
        """Send the result as a message of its own; returns the message's id and the file_id.

        Not idempotent, `mark` and errors as in `post`; forms as in `give`.
        """

        async def send_as(form: Upload | Known, kind: MediaKind) -> tuple[int, str]:
            async def make(place: Json) -> Message:
                async with (
                    content(form, attach=False) as (sent, measured),
                    ready(self._limiter, job.origin.chat, mark) as urgency,
                ):
                    options = {**place, "rate_limit_args": urgency}
                    return await unrepeated(
                        lambda: self._send(kind, job.origin.chat, view, measured, sent, options),
                        MEDIA_BOUND_S,
                    )

            message = await placed(job.origin, job.origin.reply_to, make)
            return message.message_id, file_id_of(message)

        return await offered(media, self._upload_max, send_as)

    async def remove(self, job: Job) -> None:
        """Delete the job's message. Idempotent."""

        async def delete() -> bool:
            return await self.bot.delete_message(job.origin.chat, _message_of(job))

        try:
            await twice(delete, TEXT_BOUND_S)
        except MessageGone:
            return

    async def _say(
        self,
        origin: Origin,
        text: str,
        reply_to: int,
        keyboard: Markup | None,
        mark: Mark | None = None,
        unmarked: Urgency = Urgency.RESULT,
    ) -> int:
        async def make(place: Json) -> Message:
            async def post() -> Message:
                return await self.bot.send_message(
                    origin.chat,
                    text,
                    reply_markup=keyboard,
                    link_preview_options=_NO_PREVIEW,
                    rate_limit_args=urgency,
                    **place,
                )

            async with ready(self._limiter, origin.chat, mark, unmarked) as urgency:
                return await unrepeated(post, TEXT_BOUND_S)

        return (await placed(origin, reply_to, make)).message_id

    async def _send(
        self,
        kind: MediaKind,
        chat: int,
        view: View,
        media: Upload | Known,
        sent: InputFile | str,
        options: Json,
    ) -> Message:
        common: Json = {
            "caption": view.text,
            "reply_markup": view.keyboard,
            "read_timeout": _UPLOAD_ANSWER_S,
            **options,
        }
        if kind is MediaKind.PHOTO:
            return await self.bot.send_photo(chat, sent, **common)
        if kind is MediaKind.VIDEO:
            return await self.bot.send_video(chat, sent, **shape(media), **common)
        return await self.bot.send_document(chat, sent, **common)


def _message_of(job: Job) -> int:
    if not job.message:
        raise MessageGone(f"job {job.id} has no message")
    return job.message


def _request(connections: int) -> HTTPXRequest:
    return HTTPXRequest(
        connection_pool_size=connections,
        connect_timeout=5,
        read_timeout=20,
        write_timeout=20,
        media_write_timeout=60,
        pool_timeout=5,
    )
