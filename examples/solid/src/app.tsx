import 'flare-avatar-upload';
import { createSignal } from 'solid-js';

const validateFile = (file: File) => (file.size < 1024 ? 'too_small' : null);
const messages = { too_small: 'Choose a larger picture.' };

export function App() {
  const [status, setStatus] = createSignal('');
  const [progress, setProgress] = createSignal(0);
  const [count, setCount] = createSignal(0);
  return (
    <>
      <flare-avatar-upload
        label="Profile picture"
        outputSize={256}
        validate={validateFile}
        messages={messages}
        on:flare-reject={({ detail }) => setStatus(`Rejected: ${detail.error.code}`)}
        on:flare-progress={({ detail }) => setProgress(detail.ratio)}
        on:flare-success={({ detail }) => setStatus(`Saved: ${detail.avatar?.width} pixels`)}
      />
      <progress value={progress()} />
      <p>{status()}</p>
      <button type="button" onClick={() => setCount(count() + 1)}>
        Count: {count()}
      </button>
    </>
  );
}
