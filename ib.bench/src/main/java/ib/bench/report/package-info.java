// SPDX-License-Identifier: Apache-2.0
/**
 * Samples of one run, and how they are shown: medians and spreads, beside a limit taken in the same
 * run.
 */
@NullMarked
package ib.bench.report;

import org.jspecify.annotations.NullMarked;
