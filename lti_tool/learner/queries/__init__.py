"""What a learner's pages show, read over assessments, grading, badges and pathways."""
