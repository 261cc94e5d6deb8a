/** One value of the widget's state. Setting it makes the page draw itself again. */
export interface Cell<T> {
  value: T;
}

/**
 * The state of one widget and who wants to know about changes. Any number of changes in one task give
 * one notice. (The widget draws as a whole; a signal library would be a sixth of its size.)
 */
export class Cells {
  private scheduled = false;
  private readonly listeners = new Set<() => void>();

  cell<T>(initial: T): Cell<T> {
    const changed = () => this.changed();
    let current = initial;
    return {
      get value(): T {
        return current;
      },
      set value(next: T) {
        if (Object.is(next, current)) return;
        current = next;
        changed();
      },
    };
  }

  /** Returns the function that ends the listening. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  private changed(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      for (const listener of this.listeners) listener();
    });
  }
}
