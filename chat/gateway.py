"""The gateway to Telegram's chats: sends and edits messages with python-telegram-bot."""

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
"""Longest wait (s) for the response to an upload, which Telegram gives after it has stored the file."""
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class Gateway:
    """The gateway of one process and event loop; an async context manager that owns the connections.

    Entering it contacts nobody. Calls wait for the rate limit, and edits are retried once after a passing
    network error; further retries are up to the caller. The errors are those of `chat.errors` and
    PassingError.
    """

    def __init__(self, settings: Settings, limiter: SharedLimiter, *, patient: bool = True) -> None:
        """Make a gateway.

        Args:
            settings: The settings.
            limiter: The rate limiter of all calls.
            patient: Whether `say` waits for its chat's rate limit; otherwise it raises NotNow at once.
        """
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
        """Post a job's status message, or its end, as a reply to its request. Not idempotent.

        Where Telegram refuses the topic or the reply, the message goes to the chat without them.

        Args:
            origin: The request.
            view: What the message shows.
            mark: The mark of a message that must not be sent twice.

        Returns:
            The message's id.

        Raises:
            PassingError: Nothing was posted.
            OutcomeUnknown: The message may have been posted.
            SentBefore: The mark is taken.
            DarkroomError: Another error of `chat.errors`.
        """
        return await self._say(origin, view.text, origin.reply_to, view.keyboard, mark)

    async def say(self, origin: Origin, text: str, keyboard: Markup | None = None) -> int:
        """Send a text as a reply to a person's message, and return its message id. Errors as in `post`."""
        return await self._say(origin, text, origin.reply_to, keyboard, unmarked=self._saying)

    async def reply(self, job: Job, text: str) -> None:
        """Send a text as a reply to the job's message. Errors as in `post`."""
        await self._say(job.origin, text, job.message, None)

    async def show(self, job: Job, view: View, *, progress: bool = False) -> None:
        """Edit the job's message so that it shows the view. Idempotent.

        With `progress` the call is made at once or not at all, and Dropped stands for all passing errors.
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
        """Turn the job's message into its result. Idempotent.

        A photo or video that Telegram does not take as such becomes a document. A file whose `file_id`
        Telegram does not take is uploaded.

        Returns:
            The file_id; "" where the message showed an uploaded result already: then Telegram returns none.
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
        """Send the result as a new message. Not idempotent.

        The mark and the errors are as in `post`, and the forms of the file as in `give`.

        Returns:
            The message's id and the file_id.
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
