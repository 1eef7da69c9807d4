import { AvatarField } from './avatar-field';

/** Rendered on the server. */
export default function Page() {
  return (
    <main>
      <h1>Profile</h1>
      <AvatarField label="Profile picture" />
    </main>
  );
}
