// The taxonomy's topics, fetched once for both pages.

import { ApiFailure, type SupervisorApi } from "../api.ts";
import { words } from "../format.ts";
import type { Topic } from "../wire.ts";
import { isKeyRefused } from "./status.ts";

export class TopicNames {
  /** Empty until loaded, and if the worker has none. */
  list: readonly Topic[] = [];
  private loaded = false;

  /** Rejects only when the key is refused: the page works without the topics' names. */
  async load(api: SupervisorApi): Promise<void> {
    if (this.loaded) return;
    try {
      this.list = (await api.topics()).topics;
      this.loaded = true;
    } catch (error) {
      if (!(error instanceof ApiFailure) || isKeyRefused(error)) throw error;
    }
  }

  /** The topic's label; a topic that no longer exists gets one made from its id. */
  name(id: string): string {
    return this.list.find((topic) => topic.id === id)?.label ?? words(id);
  }
}
