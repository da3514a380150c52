export { reportPage } from './page/page.ts';
