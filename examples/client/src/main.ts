import { AvatarUploadError, uploadAvatar } from 'flare-avatar-upload/client';

const find = <Name extends keyof HTMLElementTagNameMap>(name: Name) =>
  document.querySelector(name) as HTMLElementTagNameMap[Name];
const [input, progress, status, image] = [find('input'), find('progress'), find('p'), find('img')];

async function saveFile(file: File): Promise<void> {
  const { avatar } = await uploadAvatar(file, {
    onProgress: ({ ratio }) => {
      progress.value = ratio;
    },
  });
  status.textContent = `Saved: ${avatar?.width} pixels`;
  const response = await fetch('/api/me/avatar');
  image.src = (await response.json()).url;
}

function showError(error: unknown): void {
  if (!(error instanceof AvatarUploadError)) throw error;
  status.textContent = `Failed: ${error.code}`;
}

input.addEventListener('change', () => {
  const [file] = input.files ?? [];
  if (!file) return;
  status.textContent = '';
  if (file.size < 1024) status.textContent = 'Choose a larger picture.';
  else saveFile(file).catch(showError);
});
