"""What runs of many trainings share: a folder that resumes, commands, a bar."""
