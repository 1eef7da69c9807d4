'use client';
import { AvatarUpload } from 'flare-avatar-upload/react';
import { useState } from 'react';

const validateFile = (file: File) => (file.size < 1024 ? 'too_small' : null);
const messages = { too_small: 'Choose a larger picture.' };

/** Functions can't be passed from a server component to the wrapper, so that it is used here. */
export function AvatarField({ label }: { label: string }) {
  const [status, setStatus] = useState('');
  const [progress, setProgress] = useState(0);
  const [count, setCount] = useState(0);
  return (
    <>
      <AvatarUpload
        label={label}
        outputSize={256}
        validate={validateFile}
        messages={messages}
        onReject={({ detail }) => setStatus(`Rejected: ${detail.error.code}`)}
        onProgress={({ detail }) => setProgress(detail.ratio)}
        onSuccess={({ detail }) => setStatus(`Saved: ${detail.avatar?.width} pixels`)}
      />
      <progress value={progress} />
      <p>{status}</p>
      <button type="button" onClick={() => setCount(count + 1)}>
        Count: {count}
      </button>
    </>
  );
}
