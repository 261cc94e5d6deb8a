/** What is on its way to a customer waits a moment, so that it can be taken back. */

export class Holding {
  private readonly waiting = new Map<string, (send: boolean) => void>();

  /** Whether it is to be sent: true after `ms` or once it is let go, false when it was taken back. */
  hold(id: string, ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (send: boolean): void => {
        clearTimeout(timer);
        this.waiting.delete(id);
        resolve(send);
      };
      const timer = setTimeout(() => end(true), ms);
      this.waiting.set(id, end);
    });
  }

  /** False where it has left already. */
  takeBack(id: string): boolean {
    const end = this.waiting.get(id);
    end?.(false);
    return end !== undefined;
  }

  /** Everything leaves now: the page closes, or a move must come after it. */
  letAllGo(): void {
    for (const end of [...this.waiting.values()]) end(true);
  }

  newest(): string | null {
    return [...this.waiting.keys()].at(-1) ?? null;
  }
}
