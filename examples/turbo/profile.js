// Turbo keeps the elements with `data-turbo-permanent`, and this script runs once: an upload goes on while pages change.
document.addEventListener('turbo:load', () => {
  const avatar = document.querySelector('flare-avatar-upload');
  avatar.validate = (file) => (file.size < 1024 ? 'too_small' : null);
  avatar.messages = { too_small: 'Choose a larger picture.' };
});

const setStatus = (text) => {
  document.querySelector('#status').textContent = text;
};

document.addEventListener('flare-reject', ({ detail }) => setStatus(`Rejected: ${detail.error.code}`));
document.addEventListener('flare-progress', ({ detail }) => {
  document.querySelector('#progress').value = detail.ratio;
});
document.addEventListener('flare-success', ({ detail }) => setStatus(`Saved: ${detail.avatar.width} pixels`));
