#!/usr/bin/env node
/**
 * Starts Firefox for Playwright, as the program that Playwright takes for Firefox. Firefox up to 153 has no
 * `emulation.setMediaFeaturesOverride`, without which Playwright opens no page: this program stands between the two,
 * and answers that command itself. It can go when Firefox ESR has the command.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import WebSocket, { WebSocketServer } from 'ws';

const MISSING_COMMAND = 'emulation.setMediaFeaturesOverride';
const ENDPOINT = /WebDriver BiDi listening on (ws:\S+)/;

/** Passes messages on in both directions. */
function relay(client, firefox) {
  const opened = new Promise((resolve) => firefox.once('open', resolve));
  client.on('message', async (data) => {
    const { id, method } = JSON.parse(String(data));
    if (method === MISSING_COMMAND) return client.send(JSON.stringify({ type: 'success', id, result: {} }));
    await opened;
    firefox.send(String(data));
  });
  firefox.on('message', (data) => client.send(String(data)));
  client.on('close', () => firefox.close());
  firefox.on('close', () => client.close());
}

const child = spawn(process.env.FIREFOX_PATH, process.argv.slice(2), { stdio: ['ignore', 'inherit', 'pipe'] });
child.on('exit', (code) => process.exit(code ?? 1));
createInterface(child.stderr).on('line', (line) => {
  const endpoint = ENDPOINT.exec(line)?.[1];
  if (!endpoint) return console.error(line);
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (client, { url }) => relay(client, new WebSocket(endpoint + url)));
  server.on('listening', () => console.error(`WebDriver BiDi listening on ws://127.0.0.1:${server.address().port}`));
});
