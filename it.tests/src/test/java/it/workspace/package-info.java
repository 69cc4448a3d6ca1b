// SPDX-License-Identifier: Apache-2.0
/** The checkout as a Bndtools workspace: generated from the poms, and loaded. */
package it.workspace;
