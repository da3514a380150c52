/** Formats of image files: those that are read, and those that are recognised and refused by name. */
import path from 'node:path';

/** Formats whose pixels are read. */
export type ImageFormat = 'JPEG' | 'PNG' | 'WebP' | 'TIFF' | 'GIF' | 'AVIF' | 'BMP' | 'Netpbm';

/** Extensions (lower case, without the dot) of files to look at; their first bytes decide the format. */
export const readExtensions: readonly string[] = [
  ...['jpg', 'jpeg', 'jpe', 'jfif', 'mpo', 'png', 'apng', 'webp', 'tif', 'tiff', 'gif', 'avif'],
  ...['bmp', 'dib', 'ppm', 'pgm', 'pbm', 'pnm', 'pam'],
];

/** Extensions (lower case, without the dot) of image files that are not supported, with the names of their formats. */
const refusedExtensions: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'JPEG 2000': 'jp2 j2k j2c jpc jpx jpf jpm jph jhc',
    HEIC: 'heic heif hif heics',
    'JPEG XL': 'jxl',
    'JPEG XR': 'jxr wdp hdp',
    'JPEG-LS': 'jls',
    Icon: 'ico cur icns',
    TGA: 'tga',
    PCX: 'pcx',
    PFM: 'pfm',
    'Camera raw': 'dng nef nrw cr2 cr3 crw arw sr2 srf orf rw2 raf pef srw 3fr erf kdc dcr mrw x3f iiq raw',
    Photoshop: 'psd psb',
    OpenEXR: 'exr',
    'Radiance HDR': 'hdr',
    DICOM: 'dcm dicom',
    FITS: 'fits fit fts',
    NIfTI: 'nii',
    DDS: 'dds',
    SGI: 'sgi',
    QOI: 'qoi',
    'Sun raster': 'ras',
    XBM: 'xbm',
    XPM: 'xpm',
    WMF: 'wmf emf',
  }).flatMap(([format, extensions]) => extensions.split(' ').map((extension) => [extension, format])),
);

/** The unsupported format that a file's name suggests, if any. */
export function refusedFormatOf(name: string): string | undefined {
  return refusedExtensions.get(path.extname(name).slice(1).toLowerCase());
}

/** Whether a file's name suggests a supported image. */
export function isReadName(name: string): boolean {
  return readExtensions.includes(path.extname(name).slice(1).toLowerCase());
}

/** Whether a file's name suggests an image, supported or refused by name. */
export function isImageName(name: string): boolean {
  return isReadName(name) || refusedFormatOf(name) !== undefined;
}

/** Number of first bytes of a file that `recognise` needs. */
export const magicLength = 512;

/** The format of a file according to its first bytes, whatever its name. */
export type Recognised =
  | { readonly format: ImageFormat }
  /** A known but unsupported format: a noun with its article, and what to do. */
  | { readonly refused: string; readonly advice: string }
  | undefined;

const convert = 'convert it to PNG, or to JPEG of high quality';
const keepDepth = 'convert it to PNG of 8 or 16 bits';
const develop = 'develop it to TIFF of 8 or 16 bits, or to PNG';

/** An unsupported format, in words that follow "is", and what to do with it. */
type Refused = readonly [what: string, advice: string];

/** How files begin, in Latin-1 ("?" is any byte), and at which offset; the first match counts. */
const beginnings: readonly (readonly [start: string, at: number, ImageFormat | Refused])[] = [
  ['\xff\xd8\xff', 0, 'JPEG'],
  ['\x89PNG\r\n\x1a\n', 0, 'PNG'],
  ['RIFF????WEBP', 0, 'WebP'],
  ['GIF87a', 0, 'GIF'],
  ['GIF89a', 0, 'GIF'],
  ['II\x2a\0????CR', 0, ['a raw file of a Canon camera', develop]],
  ['IIRO', 0, ['a raw file of an Olympus camera', develop]],
  ['IIRS', 0, ['a raw file of an Olympus camera', develop]],
  ['IIU\0', 0, ['a raw file of a Panasonic camera', develop]],
  ['FUJIFILMCCD-RAW', 0, ['a raw file of a Fujifilm camera', develop]],
  ['\0MRM', 0, ['a raw file of a Minolta camera', develop]],
  ['FOVb', 0, ['a raw file of a Sigma camera', develop]],
  ['II\xbc', 0, ['a JPEG XR file', convert]],
  ['II\x2a\0', 0, 'TIFF'],
  ['MM\0\x2a', 0, 'TIFF'],
  ['II\x2b\0', 0, 'TIFF'],
  ['MM\0\x2b', 0, 'TIFF'],
  ['BM', 0, 'BMP'],
  ...Array.from({ length: 7 }, (_, n) => [`P${n + 1}`, 0, 'Netpbm'] as const),
  ['Pf', 0, ['a PFM file of floating-point values', keepDepth]],
  ['PF', 0, ['a PFM file of floating-point values', keepDepth]],
  ['\0\0\0\x0cjP  \r\n\x87\n', 0, ['a JPEG 2000 file', convert]],
  ['\0\0\0\x0cjP\x1a\x1a\r\n\x87\n', 0, ['a JPEG 2000 file', convert]],
  ['\xff\x4f\xff\x51', 0, ['a JPEG 2000 codestream', convert]],
  ['\0\0\0\x0cJXL \r\n\x87\n', 0, ['a JPEG XL file', convert]],
  ['\xff\x0a', 0, ['a JPEG XL codestream', convert]],
  ['8BPS', 0, ['a Photoshop file', convert]],
  ['\x76\x2f\x31\x01', 0, ['an OpenEXR file of floating-point values', keepDepth]],
  ['#?RADIANCE', 0, ['a Radiance HDR file of floating-point values', keepDepth]],
  ['#?RGBE', 0, ['a Radiance HDR file of floating-point values', keepDepth]],
  ['\0\0\x01\0', 0, ['an icon of Windows', convert]],
  ['icns', 0, ['an icon of macOS', convert]],
  ['\x0a\x05\x01', 0, ['a PCX file', convert]],
  ['%PDF', 0, ['a PDF file', 'render its pages to PNG']],
  ['%!PS', 0, ['a PostScript file', 'render it to PNG']],
  ['DICM', 128, ['a DICOM file', keepDepth]],
  ['SIMPLE  =', 0, ['a FITS file', keepDepth]],
  ['DDS ', 0, ['a DDS texture', convert]],
  ['\x01\xda', 0, ['an SGI file', convert]],
  ['qoif', 0, ['a QOI file', convert]],
  ['\x59\xa6\x6a\x95', 0, ['a Sun raster file', convert]],
];

/**
 * Recognises a file's format.
 *
 * @param head the file's first `magicLength` bytes, or all of them if it is shorter
 */
export function recognise(head: Buffer): Recognised {
  const text = head.toString('latin1', 0, magicLength);
  if (text.startsWith('ftyp', 4)) return recogniseBrand(text);
  const format = beginnings.find(([start, at]) => fits(text, start, at))?.[2];
  if (typeof format === 'string') return { format };
  if (format !== undefined) return { refused: format[0], advice: format[1] };
  if (/^(?:\W*<\?xml|\W*<!|\s*<svg)/.test(text) && /<svg|<!DOCTYPE svg/i.test(text)) {
    return { refused: 'an SVG drawing', advice: 'render it to PNG' };
  }
  return undefined;
}

function fits(text: string, start: string, at: number): boolean {
  for (let n = 0; n < start.length; n++) if (start[n] !== '?' && start[n] !== text[at + n]) return false;
  return true;
}

/**
 * AVIF, HEIC, video and others share ISO's base media format: a list of brands, the major one first, tells them apart.
 */
function recogniseBrand(text: string): Recognised {
  const length = text.charCodeAt(2) * 256 + text.charCodeAt(3);
  const [major, , ...compatible] = text.slice(8, length).match(/.{4}/gs) ?? [];
  const brands = [major, ...compatible];
  if (major === 'avis') return { refused: 'an AVIF animation', advice: convert };
  if (brands.some((brand) => brand === 'avif' || brand === 'avis')) return { format: 'AVIF' };
  if (major === 'crx ') return { refused: 'a raw file of a Canon camera', advice: develop };
  if (brands.some((brand) => /^(?:hei|hev|mif1|msf1|miaf)/.test(brand ?? ''))) {
    return { refused: 'a HEIC file', advice: convert };
  }
  return { refused: 'a film', advice: 'extract its frames to PNG or JPEG' };
}
