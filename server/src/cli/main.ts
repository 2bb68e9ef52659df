/** The address that services were set up with before `main.mjs`, which does the same with less memory. */
import './main.mjs';
