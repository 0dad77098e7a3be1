// A stand-in for the agent, in a second browser page: joins a real room as a
// participant of kind AGENT and does what a test asks of it, by the conventions
// of LiveKit's agents. Started by `agent.start(url, token, answers)`.

globalThis.agent = {
  room: null,
  chat: [],
  asked: [],
  answers: {},
  stream: null,

  /** `answers` maps a method to its answer, in JSON; null: as if the method were not registered yet. */
  async start(url, token, answers) {
    const { Room, RpcError, Track } = globalThis.LivekitClient;
    this.room = new Room();
    this.answers = answers;
    for (const method of Object.keys(answers)) {
      this.room.registerRpcMethod(method, async ({ payload }) => {
        this.asked.push({ method, payload: JSON.parse(payload) });
        if (this.answers[method] === null) throw RpcError.builtIn("UNSUPPORTED_METHOD");
        return JSON.stringify(this.answers[method]);
      });
    }
    this.room.registerTextStreamHandler("lk.chat", async (reader) => this.chat.push(await reader.readAll()));
    await this.room.connect(url, token);
    await this.room.localParticipant.publishTrack(tone(), { source: Track.Source.Microphone });
    await this.state("listening");
  },

  state(value) {
    return this.room.localParticipant.setAttributes({ "lk.agent.state": value });
  },

  /** Begins to speak: one stream, which `speak` lets grow and `finish` closes. */
  async begin(segment) {
    await this.state("speaking");
    const attributes = { "lk.segment_id": segment, "lk.transcription_final": "false" };
    this.stream = await this.room.localParticipant.streamText({ topic: "lk.transcription", attributes });
  },

  speak(part) {
    return this.stream.write(part);
  },

  /** Closes the stream; its last packet brings the titles of what was said, as the agent's does. */
  async finish(citations = []) {
    const engine = this.room.engine;
    const send = engine.sendDataPacket;
    engine.sendDataPacket = function (packet, kind) {
      if (packet.value.case === "streamTrailer" && citations.length > 0) {
        packet.value.value.attributes = { "teller.citations": JSON.stringify(citations) };
      }
      return send.call(this, packet, kind);
    };
    await this.stream.close();
    engine.sendDataPacket = send;
    await this.state("listening");
  },

  /** Speaks a whole sentence. */
  async say(segment, text) {
    await this.begin(segment);
    await this.speak(text);
    await this.finish();
  },

  /** The caller's words, in the caller's name: a whole text per stream. */
  async heard(segment, text, final) {
    const caller = [...this.room.remoteParticipants.keys()][0];
    const engine = this.room.engine;
    const send = engine.sendDataPacket;
    engine.sendDataPacket = function (packet, kind) {
      packet.participantIdentity = caller;
      return send.call(this, packet, kind);
    };
    const attributes = { "lk.segment_id": segment, "lk.transcription_final": String(final) };
    await this.room.localParticipant.sendText(text, { topic: "lk.transcription", attributes, compress: false });
    engine.sendDataPacket = send;
  },

  leave() {
    return this.room.disconnect();
  },
};

/** A quiet tone, so that there is something to hear. */
function tone() {
  const context = new AudioContext();
  const [oscillator, gain] = [context.createOscillator(), context.createGain()];
  const out = context.createMediaStreamDestination();
  gain.gain.value = 0.2;
  oscillator.connect(gain).connect(out);
  oscillator.start();
  void context.resume();
  return out.stream.getAudioTracks()[0];
}
