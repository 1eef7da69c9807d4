import type { CDPSession, Page } from 'playwright-core';

export type Position = readonly [x: number, y: number];

/** Fingers on a touch screen. They make the touch and pointer events, and the scrolling and zooming, that real ones do. */
export class Fingers {
  /** Positions of the fingers that are down, by their ids. */
  readonly #positions = new Map<number, Position>();

  private constructor(private readonly session: CDPSession) {}

  /** @param page - a page with a touch screen. */
  static create = async (page: Page): Promise<Fingers> => new Fingers(await page.context().newCDPSession(page));

  async down(id: number, position: Position): Promise<void> {
    this.#positions.set(id, position);
    await this.#send('touchStart');
  }

  /** Moves fingers to new positions, in a few steps as real ones do. */
  async move(targets: Record<number, Position>, steps = 4): Promise<void> {
    const starts = new Map(this.#positions);
    for (let step = 1; step <= steps; step++) {
      for (const [id, [x, y]] of Object.entries(targets)) {
        const [fromX, fromY] = starts.get(Number(id)) as Position;
        const share = step / steps;
        this.#positions.set(Number(id), [fromX + (x - fromX) * share, fromY + (y - fromY) * share]);
      }
      await this.#send('touchMove');
    }
  }

  async up(id: number): Promise<void> {
    const [x, y] = this.#positions.get(id) as Position;
    this.#positions.delete(id);
    await this.#send('touchEnd', [{ id, x, y }]);
  }

  /** The system takes the touch away, as for a gesture of its own. */
  async cancel(): Promise<void> {
    if (!this.#positions.size) return;
    this.#positions.clear();
    await this.#send('touchCancel', []);
  }

  async tap(position: Position): Promise<void> {
    await this.down(0, position);
    await this.up(0);
  }

  #send(
    type: 'touchStart' | 'touchMove' | 'touchEnd' | 'touchCancel',
    touchPoints = Array.from(this.#positions, ([id, [x, y]]) => ({ id, x, y })),
  ): Promise<unknown> {
    return this.session.send('Input.dispatchTouchEvent', { type, touchPoints });
  }
}
