export {
  type Assignment,
  type AssignmentOptions,
  type AssignmentSolver,
  linearSumAssignment,
} from './assignment.ts';
export { AssignmentError } from './assignment-error.ts';
