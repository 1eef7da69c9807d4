/** A file as text, which the bundler inlines. */
declare module '*.sql?raw' {
  const text: string;
  export default text;
}
