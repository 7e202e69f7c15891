const form = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?([Zz]|[+ -]\d\d(?::?\d\d)?)?)?$/;

/**
 * ISO 8601 lets times leave out what RFC 3339 wants: the offset, here UTC as in all answers, the seconds, and the time of
 * the day. What has another form stays as it is, for its error to show.
 */
export function timeOf(text: string): string {
  const [, day, minute = "00:00", second = ":00", offset = "Z"] = form.exec(text) ?? [];
  // In an address, the + of an offset means a blank.
  return day ? `${day}T${minute}${second}${offset.replace(" ", "+")}` : text;
}
