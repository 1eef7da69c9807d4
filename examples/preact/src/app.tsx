import 'flare-avatar-upload';
import { useState } from 'preact/hooks';

const validateFile = (file: File) => (file.size < 1024 ? 'too_small' : null);
const messages = { too_small: 'Choose a larger picture.' };

export function App() {
  const [status, setStatus] = useState('');
  const [progress, setProgress] = useState(0);
  const [count, setCount] = useState(0);
  return (
    <>
      <flare-avatar-upload
        label="Profile picture"
        outputSize={256}
        validate={validateFile}
        messages={messages}
        onflare-reject={({ detail }) => setStatus(`Rejected: ${detail.error.code}`)}
        onflare-progress={({ detail }) => setProgress(detail.ratio)}
        onflare-success={({ detail }) => setStatus(`Saved: ${detail.avatar?.width} pixels`)}
      />
      <progress value={progress} />
      <p>{status}</p>
      <button type="button" onClick={() => setCount(count + 1)}>
        Count: {count}
      </button>
    </>
  );
}
