// One LiveKit room as the page sees it: everything that happens in it arrives as
// one of the signals below. The only page elements touched here play the agent's audio.

import {
  DisconnectReason,
  ParticipantKind,
  Room,
  RoomEvent,
  RpcError,
  Track,
  TrackEvent,
  type LocalAudioTrack,
  type Participant,
  type RemoteParticipant,
  type RemoteTrack,
  type TextStreamReader,
} from "livekit-client";
import type { AgentState } from "./phase.ts";
import { citationsOf, speakerOf, type Heard } from "./transcript.ts";
import type { JoinToken } from "../wire.ts";
import { AGENT_STATE, CHAT, CITATIONS, FINAL, ON_BEHALF, SEGMENT, TRANSCRIPTION, type RoomAnswers } from "./room-messages.ts";

export type Signal =
  | { kind: "agent"; identity: string; state: AgentState }
  | { kind: "agent_left"; deliberate: boolean }
  | { kind: "heard"; heard: Heard }
  | { kind: "sound"; blocked: boolean }
  /** The microphone was unplugged or its permission withdrawn. */
  | { kind: "microphone_lost" }
  | { kind: "reconnecting" }
  | { kind: "reconnected" }
  | { kind: "disconnected"; why: "hung_up" | "assistant_ended" | "connection_lost" | "elsewhere" };

/** Errors which mean that the agent is not ready for a question yet. */
const EARLY: ReadonlySet<number> = new Set([
  RpcError.ErrorCode.UNSUPPORTED_METHOD,
  RpcError.ErrorCode.CONNECTION_TIMEOUT,
  RpcError.ErrorCode.RECIPIENT_NOT_FOUND,
]);

const STATES: ReadonlySet<string> = new Set(["initializing", "idle", "listening", "thinking", "speaking"]);

export class CallRoom {
  private readonly room = new Room({ adaptiveStream: false, dynacast: false });
  private agentIdentity: string | null = null;
  private streams = 0;

  constructor(
    private readonly emit: (signal: Signal) => void,
    private readonly speaker: HTMLElement,
  ) {
    this.listen();
  }

  /** Joins and publishes the microphone, if there is one. Rejects when the room cannot be joined. */
  async join(token: JoinToken, microphone: LocalAudioTrack | null): Promise<void> {
    await this.room.connect(token.server_url, token.participant_token);
    if (microphone) {
      microphone.once(TrackEvent.Ended, () => this.emit({ kind: "microphone_lost" }));
      await this.room.localParticipant.publishTrack(microphone, { source: Track.Source.Microphone });
    }
    // Within the click that started the call: only then do browsers allow playback.
    await this.room.startAudio().catch(() => undefined);
    this.emit({ kind: "sound", blocked: !this.room.canPlaybackAudio });
  }

  /** Reports an agent that was in the room before us. */
  reportParticipants(): void {
    for (const participant of this.room.remoteParticipants.values()) this.onParticipant(participant);
  }

  startAudio(): Promise<void> {
    return this.room.startAudio();
  }

  async say(text: string): Promise<void> {
    await this.room.localParticipant.sendText(text, { topic: CHAT, compress: false });
  }

  /** Asks the agent; repeats up to `attempts` times while the agent is not ready for the question yet. */
  async ask<M extends keyof RoomAnswers>(method: M, payload: object, attempts = 1): Promise<RoomAnswers[M]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (!this.agentIdentity) throw new Error("there is no assistant in the room");
        const request = { destinationIdentity: this.agentIdentity, method, payload: JSON.stringify(payload) };
        return JSON.parse(await this.room.localParticipant.performRpc(request)) as RoomAnswers[M];
      } catch (error) {
        const early = error instanceof RpcError && EARLY.has(error.code);
        if (!early || attempt >= attempts) throw error;
        await new Promise((resolve) => setTimeout(resolve, 400));
      }
    }
  }

  async leave(): Promise<void> {
    await this.room.disconnect();
  }

  private listen(): void {
    this.room
      .on(RoomEvent.ParticipantConnected, (participant) => this.onParticipant(participant))
      .on(RoomEvent.ParticipantAttributesChanged, (_, participant) => this.onParticipant(participant))
      .on(RoomEvent.ParticipantDisconnected, (participant, reason) => this.onParticipantLeft(participant, reason))
      .on(RoomEvent.TrackSubscribed, (track) => this.onTrack(track))
      .on(RoomEvent.TrackUnsubscribed, (track) => track.detach().forEach((element) => element.remove()))
      .on(RoomEvent.AudioPlaybackStatusChanged, () =>
        this.emit({ kind: "sound", blocked: !this.room.canPlaybackAudio }),
      )
      .on(RoomEvent.Reconnecting, () => this.emit({ kind: "reconnecting" }))
      .on(RoomEvent.SignalReconnecting, () => this.emit({ kind: "reconnecting" }))
      .on(RoomEvent.Reconnected, () => this.emit({ kind: "reconnected" }))
      .on(RoomEvent.Disconnected, (reason) => this.onDisconnected(reason));
    this.room.registerTextStreamHandler(TRANSCRIPTION, (reader, sender) => {
      void this.read(reader, sender.identity);
    });
  }

  private onParticipant(participant: Participant): void {
    if (!isAgent(participant)) return;
    if (this.agentIdentity && this.agentIdentity !== participant.identity) return;
    this.agentIdentity = participant.identity;
    const state = participant.attributes[AGENT_STATE] ?? "";
    this.emit({
      kind: "agent",
      identity: participant.identity,
      state: STATES.has(state) ? (state as AgentState) : "initializing",
    });
  }

  private onParticipantLeft(participant: RemoteParticipant, reason: DisconnectReason | undefined): void {
    if (participant.identity !== this.agentIdentity) return;
    this.agentIdentity = null;
    this.emit({ kind: "agent_left", deliberate: reason === DisconnectReason.CLIENT_INITIATED });
    this.reportParticipants();
  }

  private onTrack(track: RemoteTrack): void {
    if (track.kind !== Track.Kind.Audio) return;
    this.speaker.append(track.attach());
  }

  private async read(reader: TextStreamReader, sender: string): Promise<void> {
    const attributes = reader.info.attributes ?? {};
    this.streams += 1;
    const line = {
      segment: attributes[SEGMENT] ?? reader.info.id,
      speaker: speakerOf(sender, this.room.localParticipant.identity),
      stream: this.streams,
    };
    let text = "";
    try {
      for await (const chunk of reader) {
        text += chunk;
        this.emit({ kind: "heard", heard: { ...line, text, final: false } });
      }
    } catch {
      // The sender left in the middle: what arrived is kept.
    }
    // Each stream of the caller's words is whole, with an attribute for whether it is
    // final; the assistant's words grow in one stream and are final when it closes.
    const final = line.speaker === "assistant" || attributes[FINAL] === "true";
    // The end of a stream may bring attributes of its own.
    const citations = citationsOf(reader.info.attributes?.[CITATIONS]);
    this.emit({ kind: "heard", heard: { ...line, text, final, citations } });
  }

  private onDisconnected(reason: DisconnectReason | undefined): void {
    switch (reason) {
      case DisconnectReason.CLIENT_INITIATED:
        return this.emit({ kind: "disconnected", why: "hung_up" });
      case DisconnectReason.ROOM_DELETED:
      case DisconnectReason.ROOM_CLOSED:
      case DisconnectReason.PARTICIPANT_REMOVED:
        return this.emit({ kind: "disconnected", why: "assistant_ended" });
      case DisconnectReason.DUPLICATE_IDENTITY:
        return this.emit({ kind: "disconnected", why: "elsewhere" });
      default:
        return this.emit({ kind: "disconnected", why: "connection_lost" });
    }
  }
}

/** An agent itself, not a worker that publishes on an agent's behalf. */
function isAgent(participant: Participant): boolean {
  return participant.kind === ParticipantKind.AGENT && !participant.attributes[ON_BEHALF];
}
