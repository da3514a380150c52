import type { Picture } from './output-folder.ts';
import type { InspectionPage } from './page.ts';

/** The result of an inspection: a page, its pictures, and a description. */
export interface Inspection {
  readonly page: InspectionPage;
  readonly pictures: readonly Picture[];
  /** The findings, for `--json`. */
  readonly about: object;
}
