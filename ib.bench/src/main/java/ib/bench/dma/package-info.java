// SPDX-License-Identifier: Apache-2.0
/**
 * What mapping costs, mode by mode, beside the least that could be done instead: JMH benchmarks,
 * the runs they are taken in, and the page that shows them.
 */
@NullMarked
package ib.bench.dma;

import org.jspecify.annotations.NullMarked;
