/** The result of an inspection: a page, its pictures, and a description. */
import type { Picture } from './output-folder.ts';
import type { InspectionPage } from './page.ts';

export interface Inspection {
  readonly page: InspectionPage;
  readonly pictures: readonly Picture[];
  /** The content for programs. */
  readonly about: object;
}
