// The taxonomy's topics, fetched once for both pages.

import { ApiFailure, type SupervisorApi } from "../api.ts";
import { words } from "../format.ts";
import type { Topic } from "../wire.ts";

export class TopicNames {
  /** Empty until loaded, and where the worker gives none. */
  list: readonly Topic[] = [];
  private loaded = false;

  /** Rejects with a refused key alone: without its topics' names the page still works. */
  async load(api: SupervisorApi): Promise<void> {
    if (this.loaded) return;
    try {
      this.list = (await api.topics()).topics;
      this.loaded = true;
    } catch (error) {
      if (!(error instanceof ApiFailure) || error.status === 401 || error.status === 403) throw error;
    }
  }

  /** The name people know; a topic that the bank has dropped is spelled out of its id. */
  name(id: string): string {
    return this.list.find((topic) => topic.id === id)?.label ?? words(id);
  }
}
