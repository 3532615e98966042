/** Reads `{"name", "tags": […]}`; `null` is how some registries write an empty list. Undefined if the text is none. */
export function parseTags(text: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const tags = typeof value === 'object' && value !== null && 'tags' in value ? value.tags : undefined;
    if (tags === null) return [];
    return Array.isArray(tags) && tags.every((tag) => typeof tag === 'string') ? tags : undefined;
  } catch {
    return undefined;
  }
}
