// Files of the site: fetched with their weight told, gunzipped here, whatever the host does with them.

const GZIP = [0x1f, 0x8b];

export async function fetchPart(address, { bytes, says }, progress) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address.pathname} cannot be fetched: the host answers ${answer.status}`);
  // A host that answers with its first page what it has no file for means the same.
  if (/^text\/html/.test(answer.headers.get("content-type") ?? "")) {
    throw new Error(`${address.pathname} cannot be fetched: the host answers with a page. Reload; the site may be newer`);
  }
  let seen = 0;
  const told = new TransformStream({
    transform(piece, out) {
      // Where the host unpacks what it was given packed, more bytes come than the file has.
      const more = Math.min(piece.length, bytes - seen);
      seen += more;
      if (more > 0) progress(more, says);
      out.enqueue(piece);
    },
  });
  const whole = new Uint8Array(await new Response(answer.body.pipeThrough(told)).arrayBuffer());
  if (seen < bytes) progress(bytes - seen, says);
  if (whole[0] !== GZIP[0] || whole[1] !== GZIP[1]) return whole;
  const plain = new Blob([whole]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

// A pack is the length of its list, the list as JSON ([name, size] each), and the files one after another.
export function unpack(fs, pack, into) {
  const size = new DataView(pack.buffer, pack.byteOffset, 4).getUint32(0, true);
  const list = JSON.parse(new TextDecoder().decode(pack.subarray(4, 4 + size)));
  let at = 4 + size;
  const made = new Set();
  for (const [name, length] of list) {
    const path = `${into}/${name}`;
    const folder = path.slice(0, path.lastIndexOf("/"));
    if (!made.has(folder)) {
      fs.mkdirTree(folder);
      made.add(folder);
    }
    fs.writeFile(path, pack.slice(at, at + length), { canOwn: true });
    at += length;
  }
}
