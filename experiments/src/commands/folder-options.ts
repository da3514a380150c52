/** The options that say how a data set's folder is read, shared by the commands of `data`. */
import { type FolderFormat, folderFormats, type OpenOptions } from '@dn-detr/data';
import { Option } from 'commander';

export interface FolderOptions {
  format?: FolderFormat;
  vocOrigin?: '0' | '1';
}

export const formatOption = (): Option =>
  new Option('--format <format>', 'which annotations to read where several lie').choices(folderFormats);

export const vocOriginOption = (): Option =>
  new Option('--voc-origin <number>', "what VOC boxes call the first pixel: 1 in VOC's own files (default: 0)").choices(
    ['0', '1'],
  );

export const openOptions = ({ format, vocOrigin }: FolderOptions): OpenOptions => ({
  ...(format && { format }),
  vocOrigin: vocOrigin === '1' ? 1 : 0,
});
