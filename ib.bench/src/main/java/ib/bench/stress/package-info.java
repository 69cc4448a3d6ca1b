// SPDX-License-Identifier: Apache-2.0
/**
 * Random DMA operations on the real host, for as long as one likes: nothing may leak or be wrong.
 */
@NullMarked
package ib.bench.stress;

import org.jspecify.annotations.NullMarked;
