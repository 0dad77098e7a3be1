// The transcript as a pure reducer: text streams in, lines to show out.
//
//   stream 1 of segment A   "when do"          not final
//   stream 2 of segment A   "when do you open" final      -> replaces stream 1
//   stream 3 of segment B   "I can" + " help"  grows, final when it closes

/** Who said a line. */
export type Speaker = "caller" | "assistant";

/** One utterance as shown. */
export interface Line {
  /** Segment id of the stream, or an id of our own for typed text. */
  readonly segment: string;
  readonly speaker: Speaker;
  readonly text: string;
  readonly final: boolean;
  /** The stream that wrote it: a later one replaces, an earlier one is stale. */
  readonly stream: number;
  /** Titles of what it rests on; `[1]` is the first. */
  readonly citations?: readonly string[];
}

/** Lines in the order in which their segments were first seen. */
export type Transcript = readonly Line[];

/** The text of one stream so far; the same as `Line`. */
export type Heard = Line;

/** The transcript after one more update. An update without effect returns the same object. */
export function hear(transcript: Transcript, heard: Heard): Transcript {
  const index = transcript.findIndex((line) => line.segment === heard.segment);
  const known = transcript[index];
  if (!known) return heard.text.trim() === "" ? transcript : [...transcript, heard];
  if (heard.stream < known.stream) return transcript;
  if (heard.text.trim() === "") {
    // An empty replacement removes the line; a stream that has only been opened does not.
    return heard.final ? transcript.filter((line) => line !== known) : transcript;
  }
  if (heard.text === known.text && heard.final === known.final) return transcript;
  return transcript.map((line) => (line === known ? heard : line));
}

/** The titles that a stream's end names; none where it names none or something else. */
export function citationsOf(attribute: string | undefined): readonly string[] {
  if (attribute === undefined) return [];
  try {
    const titles: unknown = JSON.parse(attribute);
    return Array.isArray(titles) ? titles.filter((title): title is string => typeof title === "string") : [];
  } catch {
    return [];
  }
}

/** Whose words a stream carries, by its sender. Everybody but the caller counts as the assistant. */
export function speakerOf(sender: string, callerIdentity: string): Speaker {
  return sender === callerIdentity ? "caller" : "assistant";
}
