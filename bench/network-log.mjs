/** Runs in the page. Resolves when every picture is decoded. */
export async function showPictures(urls) {
  document.body.replaceChildren(...urls.map((src) => Object.assign(new Image(40, 40), { src })));
  await Promise.all([...document.images].map((image) => image.decode()));
}

/** Records the bytes of the pictures that the page downloads, and its requests that did not come from a cache. */
export async function recordNetwork(page) {
  const session = await page.context().newCDPSession(page);
  const pictures = new Set();
  const open = new Set();
  const log = { bytes: 0, shown: 0, requests: [] };
  let onSettled = () => {};
  const finish = ({ requestId, encodedDataLength = 0 }) => {
    if (pictures.has(requestId)) log.bytes += encodedDataLength;
    open.delete(requestId);
    if (open.size === 0) onSettled();
  };
  const addRequest = ({ url, fromDiskCache }, wasCached) => {
    if (!fromDiskCache && !wasCached) log.requests.push(url);
  };
  const cached = new Set();
  session.on('Network.requestWillBeSent', ({ requestId, redirectResponse }) => {
    open.add(requestId);
    if (redirectResponse) addRequest(redirectResponse, false);
  });
  session.on('Network.requestServedFromCache', ({ requestId }) => cached.add(requestId));
  session.on('Network.responseReceived', ({ requestId, response }) => {
    addRequest(response, cached.has(requestId));
    if (!response.mimeType.startsWith('image/')) return;
    log.shown++;
    if (!response.fromDiskCache && !cached.has(requestId)) pictures.add(requestId);
  });
  session.on('Network.loadingFinished', finish);
  session.on('Network.loadingFailed', finish);
  await session.send('Network.enable');
  log.settled = () => (open.size === 0 ? undefined : new Promise((resolve) => (onSettled = resolve)));
  return log;
}
