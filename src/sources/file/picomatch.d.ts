// The types of tinyglobby reach this module, which ships none of its own.
declare module 'picomatch' {
  export default function picomatch(pattern: string | readonly string[], options?: object): (path: string) => boolean;
}
