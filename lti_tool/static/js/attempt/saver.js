// Gets answers to the server, in order, until it says that it has them. Knows nothing of the page.
//
// Each change of a question becomes a save with an id of its own and the next sequence number of that question.
// A save is sent again, unchanged, until it is answered; a newer one replaces it. The server ignores what is
// older and refuses what contradicts another window (409 with its copy): then `onConflict` asks the learner.

const AFTER_MS = 2000;
const AT_MOST_MS = 15000;
const RETRY_MS = 5000;
const PATIENCE_MS = 20000;

// What the page makes of it cannot keep an answer from being sent: its faults are told to the browser alone.
function unfailing(hear) {
  const guard = (tell) => (...news) => {
    try {
      tell(...news);
    } catch (fault) {
      setTimeout(() => {
        throw fault;
      });
    }
  };
  return Object.fromEntries(Object.entries(hear).map(([name, tell]) => [name, guard(tell)]));
}

export class Saver {
  // url, csrf: where and with what token; mirror: a Mirror; hear: { onState(state, savedAt), onAcknowledged(item,
  // save, sequence), onConflict(item, stored), onTrouble(why), onTime(serverNow, closesAt) }.
  constructor({ url, csrf, mirror, hear }) {
    Object.assign(this, { url, csrf, mirror, hear: unfailing(hear) });
    this.page = crypto.randomUUID();
    this.items = new Map();
    this.firstChangeAt = null;
    this.timer = null;
    this.sending = null;
    this.isOffline = false;
    this.hasEnded = false;
  }

  // Tells what the server has of a question: its sequence, 0 for nothing.
  know(item, sequence) {
    this.items.set(item, { base: sequence, last: sequence, pending: null, conflict: null });
  }

  // Takes up a save that an earlier page could not get through.
  resume(item, { value, flagged, save_id, base }) {
    const known = this.items.get(item);
    known.last = Math.max(known.last, base) + 1;
    known.pending = { value, flagged, save_id, base, sequence: base + 1 };
    this.schedule();
  }

  change(item, value, flagged) {
    const known = this.items.get(item);
    known.last = Math.max(known.last, known.base) + 1;
    known.pending = { value, flagged, save_id: crypto.randomUUID(), base: known.base, sequence: known.last };
    this.mirror.keep(item, known.pending);
    if (!known.conflict) {
      this.schedule();
    }
  }

  // The learner has seen the other window's answer and decided.
  settle(item, takeTheirs) {
    const known = this.items.get(item);
    const { stored, mine } = { stored: known.conflict, mine: known.pending };
    known.conflict = null;
    known.base = known.last = stored.sequence;
    if (takeTheirs) {
      known.pending = null;
      this.mirror.forget(item, mine.save_id);
      this.hear.onAcknowledged(item, stored, stored.sequence);
      this.hear.onState(this.isSettled() ? "saved" : "saving", stored.saved_at);
    } else {
      this.change(item, mine.value, mine.flagged);
      this.flush();
    }
  }

  waiting() {
    return [...this.items].filter(([, known]) => known.pending && !known.conflict);
  }

  isSettled() {
    return [...this.items.values()].every((known) => !known.pending);
  }

  schedule() {
    if (this.hasEnded) {
      return;
    }
    const now = Date.now();
    this.firstChangeAt ??= now;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), Math.min(AFTER_MS, this.firstChangeAt + AT_MOST_MS - now));
  }

  // Sends what waits. Resolves to whether the server has everything.
  async flush() {
    clearTimeout(this.timer);
    this.firstChangeAt = null;
    // One at a time, so that a slow line is not filled with repeats; what is new meanwhile goes in a second round.
    while (this.sending) {
      await this.sending;
    }
    if (!this.hasEnded && this.waiting().length > 0) {
      this.sending = this.sendAll();
      try {
        await this.sending;
      } finally {
        this.sending = null;
      }
    }
    return this.isSettled();
  }

  async sendAll() {
    if (!this.isOffline) {
      this.hear.onState("saving");
    }
    for (const [item, known] of this.waiting()) {
      const arrived = await this.send(item, known.pending, false);
      if (!arrived || this.hasEnded) {
        break;
      }
    }
    if (this.isOffline && !this.hasEnded) {
      this.timer = setTimeout(() => this.flush(), RETRY_MS);
    } else if (this.waiting().length > 0) {
      this.schedule();
    }
  }

  // The page may be gone any moment: requests that outlive it. Repeats of what is under way do no harm.
  leave(url, shown) {
    if (!this.hasEnded) {
      const told = shown.sum();
      if (told.size > 0) {
        this.tell(url, told, { keepalive: true })
          .then((answer) => answer.ok && shown.forget(told))
          .catch(() => {});
      }
      for (const [item, known] of this.waiting()) {
        this.send(item, known.pending, true);
      }
    }
  }

  // Tells the server what was shown and asks for the time, which keeps the visit alive and tells of an end that was
  // put off. shown: an Attention.
  async ask(url, shown) {
    const told = shown.sum();
    let answer, said;
    try {
      answer = await this.tell(url, told, { signal: AbortSignal.timeout(PATIENCE_MS) });
      said = await answer.json();
    } catch {
      return; // saving finds out whether the line is down
    }
    if (this.hasEnded) {
      return;
    }
    if (answer.status === 200) {
      shown.forget(told);
      this.hear.onTime(said.now, said.closes_at);
      if (said.has_ended) {
        await this.flush();
        this.end("attempt");
      }
    } else if (answer.status === 401 || answer.status === 403) {
      this.end("session");
    }
  }

  tell(url, told, options) {
    return fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": this.csrf },
      body: JSON.stringify({ page_id: this.page, shown_ms: Object.fromEntries(told) }),
      ...options,
    });
  }

  // Resolves to whether the server answered.
  async send(item, save, outlives) {
    let answer, said;
    try {
      answer = await fetch(this.url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": this.csrf },
        body: JSON.stringify({ item_version_id: item, page_id: this.page, ...save }),
        keepalive: outlives,
        signal: outlives ? undefined : AbortSignal.timeout(PATIENCE_MS),
      });
      said = await answer.json();
    } catch {
      this.lose();
      return false;
    }
    if (answer.status >= 500 || answer.status === 408 || answer.status === 429) {
      this.lose();
      return false;
    }
    this.isOffline = false;
    this.read(item, save, answer.status, said);
    return true;
  }

  read(item, save, status, said) {
    const known = this.items.get(item);
    if (status === 200) {
      this.acknowledge(item, save, said.sequence);
      this.hear.onTime(said.now, said.closes_at);
      this.hear.onState(this.isSettled() ? "saved" : "saving", said.saved_at);
    } else if (said.code === "response_conflict") {
      if (known.pending?.save_id === save.save_id) {
        known.conflict = said.stored;
        this.hear.onConflict(item, said.stored);
        this.hear.onState("kept");
      }
    } else if (said.code === "attempt_closed") {
      this.acknowledge(item, save, known.base); // the server keeps it apart
      this.end("attempt");
    } else if (status === 400) {
      this.acknowledge(item, save, known.base); // sent again it would be refused again
      this.hear.onTrouble("refused");
    } else {
      this.end("session");
    }
  }

  acknowledge(item, save, sequence) {
    const known = this.items.get(item);
    known.base = Math.max(known.base, sequence);
    known.last = Math.max(known.last, sequence);
    this.mirror.forget(item, save.save_id);
    if (known.pending?.save_id === save.save_id) {
      known.pending = null;
    } else if (known.pending) {
      known.pending.base = known.base; // the newer answer was given by somebody who knew this one
    }
    this.hear.onAcknowledged(item, save, known.base);
  }

  lose() {
    this.isOffline = true;
    this.hear.onState("offline");
  }

  end(why) {
    this.hasEnded = true;
    clearTimeout(this.timer);
    this.hear.onTrouble(why);
  }
}
