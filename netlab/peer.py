#!/usr/bin/env python3
"""One end of the network lab's calls, on the published Python package, which carries libwebrtc.

The same program as netlab-peer (netlab/src/peer.rs): the same arguments, the same files, the same rules. It is the
remote end our engine must get on with, and the rival it is measured against; everything it leaves to the package is
the package's default.
"""

import argparse
import array
import asyncio
import json
import pathlib
import signal
import sys
import time
import wave

from livekit import api, rtc
from livekit.rtc.participant import PublishTrackError

RATE_HZ = 16_000
PER_MS = RATE_HZ // 1000
# Frames of 20 ms: each costs this interpreter a fixed sum, and the codec takes 20 ms at once anyway.
FRAME_MS = 20
# Handed over before it is due, so that a late wake-up makes no gap. The queue holds twice as much.
AHEAD_MS = 100
# Later than this, it goes on with what is due now: a microphone does not catch up either.
LATE_MS = 300
# Recorded frames follow each other by their own count; off by more than this, the clock is right.
SLACK_MS = 500
# How long files are written on after the last sentence.
TAIL_S = 2.0


def unix_ms():
    return int(time.time() * 1000)


def arguments():
    parser = argparse.ArgumentParser(description="One end of the network lab's calls, on libwebrtc")
    parser.add_argument("--role", required=True, choices=["send", "receive"])
    parser.add_argument("--plan", required=True, type=pathlib.Path)
    parser.add_argument("--url", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--name", default="rival")
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--start-at", required=True, type=int, help="Unix milliseconds")
    parser.add_argument("--e2ee", metavar="PASSPHRASE")
    parser.add_argument("--relay", action="store_true")
    parser.add_argument("--seconds", type=float)
    return parser.parse_args()


def read_wav(path):
    with wave.open(path) as file:
        form = (file.getframerate(), file.getnchannels(), file.getsampwidth())
        if form != (RATE_HZ, 1, 2):
            raise ValueError(f"{path} is not mono 16-bit at {RATE_HZ} Hz")
        return file.readframes(file.getnframes())


def write_wav(path, samples):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples)


class Recording:
    """A recording whose first sample is the run's start, whatever happens to the connection meanwhile."""

    def __init__(self, most_ms):
        self.data = bytearray()
        self.most = most_ms * PER_MS * 2
        self.fresh = True

    def push(self, elapsed_ms, frame):
        arrived = elapsed_ms * PER_MS - len(frame) // 2
        late = arrived - len(self.data) // 2
        if arrived < 0 or late < -SLACK_MS * PER_MS:
            return
        if late > SLACK_MS * PER_MS or (self.fresh and late > 0):
            self.data.extend(bytes(min(2 * arrived, self.most) - len(self.data)))
        self.fresh = False
        self.data.extend(frame[: max(0, self.most - len(self.data))])


class Ears:
    """One sender's files."""

    def __init__(self, out, room, sender, most_ms, events):
        self.path = out / f"{room}.{sender}.wav"
        self.lines = open(out / f"{room}.{sender}.stats.jsonl", "w", buffering=1)
        self.recording = Recording(most_ms)
        self.track = None
        self.reader = None
        for event in events:
            self.write(event)

    def write(self, line):
        self.lines.write(json.dumps(line) + "\n")

    def listen(self, track, start_at):
        if self.reader:
            self.reader.cancel()
        self.track = track
        self.recording.fresh = True
        self.reader = asyncio.create_task(self._read(track, start_at))

    async def _read(self, track, start_at):
        stream = rtc.AudioStream(track, sample_rate=RATE_HZ, num_channels=1, frame_size_ms=FRAME_MS)
        try:
            async for event in stream:
                self.recording.push(unix_ms() - start_at, bytes(event.frame.data))
        finally:
            await stream.aclose()

    async def count(self):
        if self.track is None:
            return
        try:
            stats = await asyncio.wait_for(self.track.get_stats(), 0.4)
        except (asyncio.TimeoutError, Exception):  # noqa: B014 - statistics of a track just gone
            return
        for record in stats:
            if record.WhichOneof("stats") != "inbound_rtp" or record.inbound_rtp.stream.kind != "audio":
                continue
            received, inbound = record.inbound_rtp.received, record.inbound_rtp.inbound
            line = {"t_ms": unix_ms()}
            for name in (
                "concealed_samples",
                "total_samples_received",
                "jitter_buffer_delay",
                "jitter_buffer_emitted_count",
                "inserted_samples_for_deceleration",
                "removed_samples_for_acceleration",
            ):
                line[name] = getattr(inbound, name)
            line["packets_lost"] = received.packets_lost
            line["packets_received"] = received.packets_received
            self.write(line)
            return


class Peer:
    """This end in one room."""

    def __init__(self, options, room, until_ms):
        self.options = options
        self.name = room
        self.until_ms = until_ms
        self.role = "send" if options.role == "send" else "recv"
        self.events = []
        self.senders = {}
        self.room = rtc.Room()
        self.room.on("reconnecting", lambda: self.note("reconnecting"))
        self.room.on("reconnected", lambda: self.note("reconnected"))
        self.room.on("disconnected", lambda reason=None: self.note(f"disconnected: {reason}"))
        self.room.on("track_subscribed", self.on_track)
        self.room.on("track_unsubscribed", lambda t, p, who: self.note(f"unsubscribed: {who.identity}"))
        self.room.on("e2ee_state_changed", lambda who, state: self.note(f"encryption: {who.identity}: {state}"))

    def note(self, event):
        line = {"t_ms": unix_ms(), "event": event}
        print(f"{self.name}: {line['t_ms']} {event}", flush=True)
        for ears in self.senders.values():
            ears.write(line)
        self.events.append(line)

    def on_track(self, track, publication, participant):
        self.note(f"subscribed: {participant.identity}")
        if self.role != "recv" or track.kind != rtc.TrackKind.KIND_AUDIO:
            return
        sender = participant.identity
        if sender not in self.senders:
            self.senders[sender] = Ears(self.options.out, self.name, sender, self.until_ms, self.events)
        self.senders[sender].listen(track, self.options.start_at)

    async def join(self):
        options = self.options
        grants = api.VideoGrants(room_join=True, room=self.name)
        token = api.AccessToken(options.key, options.secret).with_identity(f"{self.role}-{options.name}")
        token = token.with_grants(grants).to_jwt()
        room_options = rtc.RoomOptions()
        if options.relay:
            room_options.rtc_config = rtc.RtcConfiguration(ice_transport_type=rtc.IceTransportType.TRANSPORT_RELAY)
        if options.e2ee:
            keys = rtc.KeyProviderOptions(shared_key=options.e2ee.encode())
            room_options.encryption = rtc.E2EEOptions(key_provider_options=keys)
        while True:
            try:
                await self.room.connect(options.url, token, room_options)
                self.note("joined")
                return
            except rtc.ConnectError as error:
                print(f"{self.name}: not joined: {error}", flush=True)
                await asyncio.sleep(0.5)

    async def run(self, stream):
        await self.join()
        if self.role == "send":
            await self.speak(timeline(stream, self.until_ms))
        while self.role == "recv":
            await asyncio.gather(*(ears.count() for ears in list(self.senders.values())))
            await asyncio.sleep(0.5)

    async def publish(self):
        """A microphone; tried until it is there, as netlab-peer does."""
        while True:
            source = rtc.AudioSource(RATE_HZ, 1, queue_size_ms=2 * AHEAD_MS)
            track = rtc.LocalAudioTrack.create_audio_track("voice", source)
            publishing = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
            try:
                await self.room.local_participant.publish_track(track, publishing)
                return source
            except PublishTrackError as error:
                print(f"{self.name}: {unix_ms()} not published: {error}", flush=True)
                await asyncio.sleep(0.5)

    async def speak(self, sound):
        source = await self.publish()
        size = FRAME_MS * PER_MS * 2
        frames, following, skipped = len(sound) // size, 0, 0
        while following < frames:
            elapsed = unix_ms() - self.options.start_at
            due = min((elapsed + AHEAD_MS) // FRAME_MS, frames)
            if due - following > (LATE_MS + AHEAD_MS) // FRAME_MS:
                skipped += due - following
                following = due
            while following < due:
                data = sound[following * size : (following + 1) * size]
                frame = rtc.AudioFrame(data, RATE_HZ, 1, size // 2)
                try:
                    await asyncio.wait_for(source.capture_frame(frame), 0.2)
                except Exception as error:  # a connection being rebuilt may refuse
                    skipped += 1
                    print(f"{self.name}: not captured: {error!r}", flush=True)
                following += 1
            await asyncio.sleep(0.01)
        print(f"{self.name}: frames skipped: {skipped}", flush=True)

    async def finish(self):
        for ears in self.senders.values():
            if ears.reader:
                ears.reader.cancel()
            write_wav(ears.path, bytes(ears.recording.data))
        # What the leaving itself brings about is not part of the run.
        self.senders.clear()
        try:
            await asyncio.wait_for(self.room.disconnect(), 2)
        except (asyncio.TimeoutError, Exception) as error:  # noqa: B014 - the files are written, that is what counts
            print(f"{self.name}: not closed: {error!r}", flush=True)


def timeline(stream, until_ms):
    """All that is said in the room, silence included."""
    sound = array.array("h", bytes(2 * until_ms * PER_MS))
    for sentence in stream["sentences"]:
        said = array.array("h", read_wav(sentence["wav"]))
        at = min(sentence["start_ms"] * PER_MS, len(sound))
        said = said[: len(sound) - at]
        sound[at : at + len(said)] = said
    return sound.tobytes()


async def main():
    options = arguments()
    plan = json.loads(options.plan.read_text())
    if plan["rate_hz"] != RATE_HZ:
        raise SystemExit(f"the plan is not at {RATE_HZ} Hz")
    options.out.mkdir(parents=True, exist_ok=True)
    ends = [s["start_ms"] + s["duration_ms"] for stream in plan["streams"] for s in stream["sentences"]]
    seconds = options.seconds if options.seconds is not None else max(ends, default=0) / 1000 + TAIL_S
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    peers = [(Peer(options, stream["room"], int(seconds * 1000)), stream) for stream in plan["streams"]]
    tasks = [asyncio.create_task(peer.run(stream)) for peer, stream in peers]
    for task in tasks:
        task.add_done_callback(lambda t: t.cancelled() or not t.exception() or print(repr(t.exception()), flush=True))
    left = options.start_at / 1000 + seconds - time.time()
    try:
        await asyncio.wait_for(stop.wait(), max(0.0, left))
    except asyncio.TimeoutError:
        pass
    failed = any(task.done() and not task.cancelled() and task.exception() for task in tasks)
    never_joined = not all(peer.events for peer, _ in peers)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*(peer.finish() for peer, _ in peers))
    return 1 if failed or never_joined else 0


if __name__ == "__main__":
    code = asyncio.run(main())
    sys.stdout.flush()
    # The package's threads do not always end with the interpreter.
    import os

    os._exit(code)
