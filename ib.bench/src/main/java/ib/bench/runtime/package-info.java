// SPDX-License-Identifier: Apache-2.0
/** A real Felix host in this JVM, on a private copy of the runtime's folders. */
@NullMarked
package ib.bench.runtime;

import org.jspecify.annotations.NullMarked;
