// The few DOM functions that both pages need. Data enters as text nodes only,
// never as markup.

type Child = Node | string | null | undefined;
type Properties = { class?: string; id?: string; data?: Record<string, string>; attributes?: Record<string, string> };

/** Builds one element with its children; strings become text nodes. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (properties.class) element.className = properties.class;
  if (properties.id) element.id = properties.id;
  Object.assign(element.dataset, properties.data);
  for (const [name, value] of Object.entries(properties.attributes ?? {})) element.setAttribute(name, value);
  element.append(...children.filter((child): child is Node | string => child != null));
  return element;
}

/** The element with this id, which the page's markup must contain. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as T;
}

/** Writes text only when it changes, so that a live region is not read twice. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A term and its value, for a description list. */
export function entry(term: string, value: Child): HTMLElement {
  return el("div", { class: "entry" }, el("dt", {}, term), el("dd", {}, value));
}

/** A short label, such as a topic or a state. */
export function chip(text: string, tone = "plain"): HTMLElement {
  return el("span", { class: "chip", data: { tone } }, text);
}
