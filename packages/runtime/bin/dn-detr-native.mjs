#!/usr/bin/env node
import '../dist/native/main.js';
