import { setViewport } from '@web/test-runner-commands';

/** Whether the tests run in WebKitGTK, the only engine of the tests without WebCodecs. */
export const IS_WEBKIT = !('ImageDecoder' in window);

/** Sets the size of the viewport, and skips the test in WebKitGTK: the test runner can't do that over WebDriver. */
export async function resizeViewport(context: Mocha.Context, size: { width: number; height: number }): Promise<void> {
  if (IS_WEBKIT) context.skip();
  await setViewport(size);
}
